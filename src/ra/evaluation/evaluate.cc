#include "ra/evaluation/evaluate.h"

#include <fmt/format.h>

#include <utility>

#include "ra/base/error.h"
#include "ra/evaluation/bias.h"
#include "ra/evaluation/detection.h"
#include "ra/evaluation/localization.h"
#include "ra/evaluation/pseudo_healthy.h"

namespace ra {
namespace {

void add_threshold_rows(EvaluationResults& results) {
  for (const HealthyMapThreshold& one : results.thresholds) {
    EvaluatedMetric row;
    row.protocol = "thresholding";
    row.group = "pixels=" + one.pixels;
    row.method = "ra";
    row.metric = fmt::format("threshold_at_{}_percent", one.percent);
    row.mode = one.mode;
    row.value = MetricValue::of(one.threshold);
    results.metrics.push_back(std::move(row));
  }
}

// The calibration's threshold at 5 % of all pixels, where the detector is as it was calibrated.
std::optional<double> calibrated_threshold(const AnomalyDetector& detector) {
  const Calibration* calibration = detector.calibration();
  if (calibration == nullptr || !calibration->differences(detector.identity()).empty()) return std::nullopt;
  return Calibration::threshold_at(calibration->all_pixels, 0.05).threshold;
}

}  // namespace

void add_protocols(EvaluationResults& results, const EvaluationProtocols& protocols, const BootstrapOptions& options) {
  if (protocols.detection) {
    add_detection(results, options);
    add_bias(results, options);
  }
  if (protocols.localization) {
    add_localization(results, options);
    add_pixel_metrics(results, options);
  }
  if (protocols.thresholding) add_threshold_rows(results);
  if (protocols.pseudo_healthy) add_reconstruction(results, options);
}

EvaluationResults evaluate(const AnomalyDetector& detector, const EvaluationPlan& plan,
                           const EvaluationOptions& options, const CaseSink& sink,
                           const std::function<void(std::size_t, std::size_t)>& progress) {
  options.bootstrap.validate();
  if (plan.cases.empty()) {
    throw Error(ErrorCode::kUsage,
                "there is no image to evaluate" + (plan.failures.empty() ? "" : ": " + plan.failures.front()));
  }
  double fitting = 0.0;
  const auto opponents = [&] {
    const TimedPart timed(fitting);
    return make_opponents(options.training, detector.input());
  }();
  CaseOptions case_options;
  case_options.scratch = options.scratch;
  case_options.threshold = options.threshold ? options.threshold : calibrated_threshold(detector);
  case_options.latents = options.protocols.latents;
  EvaluationResults results = run_cases(detector, plan, opponents, case_options, sink, progress);
  results.seconds.opponents += fitting;
  for (std::string& one : contradictions(plan)) results.warnings.push_back(std::move(one));
  if (!case_options.threshold && results.threshold) {
    results.warnings.push_back(
        fmt::format("the pixel threshold {:.6g} (5 % of all pixels) comes from the healthy images of this evaluation "
                    "itself; calibrate on others for a threshold that was not fitted here",
                    *results.threshold));
  }
  {
    const TimedPart timed(results.seconds.statistics);
    add_protocols(results, options.protocols, options.bootstrap);
  }
  return results;
}

}  // namespace ra

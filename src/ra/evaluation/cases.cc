#include "ra/evaluation/cases.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <span>

#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/detection/anomaly_map.h"
#include "ra/detection/foreground.h"
#include "ra/evaluation/case_truth.h"
#include "ra/evaluation/plane_store.h"
#include "ra/evaluation/thresholding.h"
#include "ra/metrics/components.h"
#include "ra/metrics/image_error.h"
#include "ra/metrics/overlap.h"
#include "ra/metrics/ssim.h"
#include "ra/transforms/gaussian.h"
#include "ra/transforms/input.h"

namespace ra {
namespace {

// Planes of one image in the store; the maps of the other methods follow.
enum Plane : std::int64_t { kInput, kReconstruction, kPerceptual, kMap, kBrain, kFirstOther };

constexpr double kSmallShare = 0.005, kMediumShare = 0.02;

std::span<const float> values_of(const at::Tensor& plane) {
  return {plane.data_ptr<float>(), static_cast<std::size_t>(plane.numel())};
}

std::vector<std::uint8_t> mask_of(const at::Tensor& plane) {
  const std::span<const float> values = values_of(plane);
  std::vector<std::uint8_t> mask(values.size());
  for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = values[k] >= 0.5f ? 1 : 0;
  return mask;
}

at::Tensor gray(const at::Tensor& slice) { return slice.mean(0).contiguous(); }

std::vector<float> vector_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel()};
}

MethodScore score_of(const at::Tensor& map, double mean) {
  return {mean, gaussian_filter(map.unsqueeze(0), kPerceptualSigma).max().item<double>()};
}

bool has_normalised_map(const AnomalyDetector& detector) {
  const Calibration* calibration = detector.calibration();
  return calibration != nullptr && calibration->map_mean.defined() &&
         calibration->differences(detector.identity()).empty();
}

// What is known of one image apart from its truth.
struct ImageRecord {
  bool usable = false;
  std::size_t stored = 0;  // in the plane store
  SourceSize size;
  CaseRecord numbers;  // scores, errors and latents
};

class CaseRun {
 public:
  CaseRun(const AnomalyDetector& detector, const EvaluationPlan& plan,
          const std::vector<std::unique_ptr<Opponent>>& opponents, const CaseOptions& options)
      : detector_(detector),
        plan_(plan),
        opponents_(opponents),
        options_(options),
        normalised_(has_normalised_map(detector)),
        store_(options.scratch, kFirstOther + std::ssize(opponents) + (normalised_ ? 1 : 0),
               detector.input().image_size),
        bins_(evaluation_bins()),
        images_(plan.images.size()),
        healthy_(plan.images.size(), 0) {
    results_.sets = plan.sets;
    results_.methods.push_back("ra");
    if (normalised_) results_.methods.push_back("ra_normalised");
    for (const auto& opponent : opponents) results_.methods.push_back(opponent->name());
    for (const PlannedCase& one : plan.cases) {
      if (!one.pathological) healthy_[one.image] = 1;
    }
  }

  // First pass: the network.
  void score_images(const std::function<void(std::size_t, std::size_t)>& progress) {
    for (std::size_t k = 0; k < images_.size() && StopSignal::received() == 0; ++k) {
      attempt([&] { read_image(k); });
      if (std::ssize(batch_) >= detector_.options().batch_size) score_batch();
      if (progress) progress(k + 1, images_.size());
    }
    score_batch();
    results_.thresholds = healthy_pixels_.thresholds();
    results_.threshold = options_.threshold;
    for (const HealthyMapThreshold& one : results_.thresholds) {
      const bool wanted = one.pixels == "all" && one.mode == "strict" && one.percent == 5;
      if (wanted && !options_.threshold && one.threshold > 0.0) results_.threshold = one.threshold;
    }
  }

  // Second pass: the truth.
  void judge_cases(const CaseSink& sink) {
    for (const PlannedCase& one : plan_.cases) {
      if (!images_[one.image].usable || StopSignal::received() != 0) continue;
      attempt([&] { judge(one, sink); });
    }
  }

  EvaluationResults results() { return std::move(results_); }

 private:
  template <class Work>
  void attempt(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      results_.failures.push_back(error.what());
    }
  }

  void read_image(std::size_t k) {
    const SourceSlice source = read_source_slice(plan_.images[k]);
    images_[k].size = {source.picture.columns, source.picture.rows, source.slices};
    slices_.push_back(in_context("'" + plan_.images[k].string() + "'",
                                 [&] { return prepare_slice(source.picture, detector_.input()).pixels; }));
    batch_.push_back(k);
  }

  void score_batch() {
    if (batch_.empty()) return;
    const at::Tensor slices = at::stack(slices_);
    const std::vector<AnomalyResult> results = detector_.detect(slices);
    at::Tensor latents, reconstruction_latents;
    if (options_.latents) {
      std::vector<at::Tensor> reconstructions;
      for (const AnomalyResult& result : results) reconstructions.push_back(result.reconstruction);
      latents = detector_.latents(slices);
      reconstruction_latents = detector_.latents(at::stack(reconstructions));
    }
    for (std::size_t n = 0; n < batch_.size(); ++n) {
      const auto row = static_cast<std::int64_t>(n);
      CaseRecord& numbers = images_[batch_[n]].numbers;
      if (options_.latents) {
        numbers.latent = vector_of(latents[row]);
        numbers.reconstruction_latent = vector_of(reconstruction_latents[row]);
      }
      record(batch_[n], slices_[n], results[n]);
    }
    batch_.clear();
    slices_.clear();
  }

  void record(std::size_t image, const at::Tensor& slice, const AnomalyResult& result) {
    CaseRecord& numbers = images_[image].numbers;
    const at::Tensor input = gray(slice), reconstruction = gray(result.reconstruction);
    const at::Tensor brain = foreground_mask(slice);
    std::vector<at::Tensor> planes = {input, reconstruction, result.perceptual, result.map, brain.to(at::kFloat)};
    numbers.scores.push_back({result.score, result.score_maximum});
    numbers.p_value = result.p_value;
    const auto add_method = [&](const at::Tensor& map) {
      numbers.scores.push_back(score_of(map, map.to(at::kDouble).mean().item<double>()));
      planes.push_back(map);
    };
    if (normalised_) add_method(detector_.calibration()->normalised(result.map).to(at::kFloat).contiguous());
    for (const auto& opponent : opponents_) add_method(opponent->map(slice));
    numbers.mae = result.reconstruction_mae;
    numbers.mse = mean_squared_error(values_of(input), values_of(reconstruction));
    numbers.psnr = peak_signal_to_noise_ratio(values_of(input), values_of(reconstruction)).value;
    numbers.ssim = ssim(values_of(input), values_of(reconstruction), input.size(1), input.size(0));
    if (healthy_[image] != 0) healthy_pixels_.add(result.map, brain);
    images_[image].stored = stored_++;
    images_[image].usable = true;
    store_.add(at::stack(planes));
  }

  void judge(const PlannedCase& one, const CaseSink& sink) {
    const ImageRecord& image = images_[one.image];
    CaseRecord record = image.numbers;
    record.set = one.set;
    record.image = plan_.images[one.image];
    record.subject = one.subject;
    record.pathological = one.pathological;
    for (const ManifestRow& row : one.rows) {
      if (record.label.empty()) record.label = row.label;
      record.groups.insert(row.groups.begin(), row.groups.end());
    }
    const at::Tensor planes = store_.get(image.stored);
    CasePictures pictures{planes[kInput], planes[kReconstruction], planes[kPerceptual], planes[kMap], {}, {}};
    if (results_.threshold) {
      pictures.thresholded = (pictures.map >= static_cast<float>(*results_.threshold)).to(at::kFloat);
    }
    if (options_.truth) {
      const CaseTruth truth = read_truth(one, record.image, image.size, detector_.input().image_size);
      results_.warnings.insert(results_.warnings.end(), truth.warnings.begin(), truth.warnings.end());
      if (truth.known) {
        pictures.truth = truth.mask;
        judge_pixels(planes, truth, record);
      }
      if (results_.threshold) {
        for (const TruthBox& box : truth.boxes) record.boxes.push_back(judge_box(planes, box));
      }
    }
    if (sink) sink(record, pictures);
    results_.cases.push_back(std::move(record));
  }

  void judge_pixels(const at::Tensor& planes, const CaseTruth& truth, CaseRecord& record) const {
    const std::int64_t side = planes.size(1);
    const std::vector<std::uint8_t> mask = mask_of(truth.mask), brain = mask_of(planes[kBrain]);
    // A lesion may reach out of the rule's foreground: its pixels count all the same.
    std::vector<std::uint8_t> counted = brain;
    for (std::size_t k = 0; k < counted.size(); ++k) counted[k] |= mask[k];
    for (std::size_t method = 0; method < results_.methods.size(); ++method) {
      const std::int64_t plane = method == 0 ? kMap : kFirstOther + static_cast<std::int64_t>(method) - 1;
      record.pixels.push_back(count_pixels(values_of(planes[plane]), mask, counted, side, side, bins_));
    }
    if (!results_.threshold) return;
    const std::span<const float> map = values_of(planes[kMap]);
    record.dice = dice(compare_masks(threshold_mask(map, *results_.threshold), mask, counted)).value;
    std::vector<float> inside(map.begin(), map.end());
    for (std::size_t k = 0; k < inside.size(); ++k) {
      if (counted[k] == 0) inside[k] = -1.0f;  // never a candidate: maps are not negative, thresholds are above 0
    }
    FrocOptions froc;
    froc.threshold = *results_.threshold;
    froc.rule = HitRule::kIou;
    froc.least_overlap = kStrictIou;
    record.marks = mark_regions(inside, mask, side, side, froc);
  }

  BoxRecord judge_box(const at::Tensor& planes, const TruthBox& truth) const {
    const std::span<const float> map = values_of(planes[kMap]);
    BoxRecord record{truth.label, truth.box, BoxSize::kSmall, {}, {}, false};
    record.paper = localise(map, values_of(truth.inside), values_of(truth.outside), *results_.threshold);
    const std::vector<std::uint8_t> inside = mask_of(truth.inside);
    const auto area = std::count(inside.begin(), inside.end(), 1);
    const double share = static_cast<double>(area) / static_cast<double>(inside.size());
    record.size = share < kSmallShare ? BoxSize::kSmall : share < kMediumShare ? BoxSize::kMedium : BoxSize::kLarge;
    if (area == 0) return record;
    record.strict_iou = best_iou(planes, inside, area);
    record.strict_hit = *record.strict_iou >= kStrictIou;
    return record;
  }

  // Of any component of the thresholded map, on brain pixels, with the box.
  double best_iou(const at::Tensor& planes, const std::vector<std::uint8_t>& inside, std::int64_t area) const {
    std::vector<std::uint8_t> kept = threshold_mask(values_of(planes[kMap]), *results_.threshold);
    const std::vector<std::uint8_t> brain = mask_of(planes[kBrain]);
    for (std::size_t k = 0; k < kept.size(); ++k) kept[k] = kept[k] != 0 && (brain[k] != 0 || inside[k] != 0) ? 1 : 0;
    const Components components = connected_components(kept, planes.size(2), planes.size(1));
    std::vector<std::int64_t> shared(components.regions.size(), 0);
    for (std::size_t k = 0; k < kept.size(); ++k) {
      if (components.labels[k] != 0 && inside[k] != 0) ++shared[components.labels[k] - 1];
    }
    double best = 0.0;
    for (std::size_t k = 0; k < shared.size(); ++k) {
      const std::int64_t either = components.regions[k].pixels + area - shared[k];
      best = std::max(best, static_cast<double>(shared[k]) / static_cast<double>(either));
    }
    return best;
  }

  const AnomalyDetector& detector_;
  const EvaluationPlan& plan_;
  const std::vector<std::unique_ptr<Opponent>>& opponents_;
  const CaseOptions& options_;
  bool normalised_;  // the calibration has the mean and spread of healthy maps
  PlaneStore store_;
  MapBins bins_;
  std::vector<ImageRecord> images_;
  std::vector<std::uint8_t> healthy_;  // images of a healthy case
  HealthyPixels healthy_pixels_;
  std::vector<std::size_t> batch_;
  std::vector<at::Tensor> slices_;
  std::size_t stored_ = 0;
  EvaluationResults results_;
};

}  // namespace

std::string_view to_string(BoxSize size) {
  switch (size) {
    case BoxSize::kSmall:
      return "small";
    case BoxSize::kMedium:
      return "medium";
    case BoxSize::kLarge:
      return "large";
  }
  return "";
}

MapBins evaluation_bins() {
  constexpr int kParts = 16, kLowest = -24, kHighest = 8;
  std::vector<float> edges;
  for (int octave = kLowest; octave < kHighest; ++octave) {
    for (int part = 0; part < kParts; ++part) {
      edges.push_back(std::ldexp(1.0f + static_cast<float>(part) / kParts, octave));
    }
  }
  const std::size_t count = edges.size();
  for (std::size_t k = 0; k < count; ++k) edges.push_back(-edges[k]);
  std::sort(edges.begin(), edges.end());
  return MapBins(std::move(edges));
}

EvaluationResults run_cases(const AnomalyDetector& detector, const EvaluationPlan& plan,
                            const std::vector<std::unique_ptr<Opponent>>& opponents, const CaseOptions& options,
                            const CaseSink& sink, const std::function<void(std::size_t, std::size_t)>& progress) {
  CaseRun run(detector, plan, opponents, options);
  run.score_images(progress);
  run.judge_cases(sink);
  return run.results();
}

}  // namespace ra

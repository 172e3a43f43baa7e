#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/path_list.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/detection/subject_guard.h"
#include "ra/experiment/device.h"
#include "ra/report/screening.h"

namespace ra {
namespace {

struct ScreenOptions {
  CommonOptions common;
  std::string model;
  std::vector<std::string> inputs;
  std::optional<std::string> slices;
  std::optional<double> fpr, fdr;
  std::optional<std::string> threshold_pixels;
  std::string save = "map";
  std::string format = "npy";
  std::optional<double> map_maximum;
  DetectionOptions detection;
  ScreeningOptions screening;
};

// What the noise of the latent rule is, for the summary.
std::string noise_of(const DetectorIdentity& by) {
  if (by.latent_noise == "none") return "";
  return by.latent_noise == "model" ? " with the model's noise" : " with noise of " + by.latent_noise;
}

void print_problems(const ScreeningSummary& summary, std::size_t inputs) {
  for (const ScreeningFailure& failure : summary.failures) fmt::print(stderr, "ra: error: {}\n", failure.reason);
  if (!summary.stopped) return;
  log::warning(
      "stopped by a signal: {} of {} inputs are done, {} slices were scored in this run; their rows and files are "
      "complete, and --skip-existing goes on from here",
      summary.inputs, inputs, summary.slices);
}

void print_summary(const ScreenOptions& options, const AnomalyDetector& detector, const ScreeningSummary& summary,
                   double seconds) {
  const DetectorIdentity& by = detector.identity();
  fmt::print("{} slices scored in {} with {} ({} perceptual distance, latent {}{}, {} {}){}{}{}\n", summary.slices,
             format_duration(seconds), by.model, by.perceptual, by.latent, noise_of(by), by.backend, by.precision,
             summary.skipped > 0 ? fmt::format("; {} were there already", summary.skipped) : "",
             summary.constant > 0 ? fmt::format("; {} slices without content left out", summary.constant) : "",
             summary.failures.empty() ? "" : fmt::format("; {} inputs failed", summary.failures.size()));
  if (options.screening.flags) {
    const FlagRule& rule = *options.screening.flags;
    fmt::print("{} of {} slices flagged at a false-{} rate of {}\n", summary.flagged, summary.slices + summary.skipped,
               rule.false_discovery ? "discovery" : "positive", rule.rate);
  }
  fmt::print("Scores: {}\nResearch use only; not a medical device.\n",
             (options.screening.output / "scores.csv").string());
}

// Says what p-values of this run do not mean, or that there are none.
void warn_about_calibration(const ScreenOptions& options, const AnomalyDetector& detector) {
  const Calibration& calibration = *detector.calibration();
  if (const std::string differences = calibration.differences(detector.identity()); !differences.empty()) {
    log::warning(
        "{}: the calibration does not fit, so p_value and flagged stay empty and no threshold is taken from it",
        differences);
  }
  if (options.screening.slices.text() != calibration.slices) {
    log::warning("slices are taken by '{}', but the healthy ones were by '{}': p-values compare different anatomy",
                 options.screening.slices.text(), calibration.slices);
  }
}

// What a bundle knows: slices, flags, and the pixel threshold of the asked rate.
void use_calibration(ScreenOptions& options, const AnomalyDetector& detector) {
  const Calibration* calibration = detector.calibration();
  options.screening.slices =
      SliceRule::parse(options.slices.value_or(calibration != nullptr ? calibration->slices : "mid"));
  if (calibration == nullptr) {
    if (const DetectorIdentity& by = detector.identity(); by.backend != "torch" || by.precision != "fp32") {
      log::warning("scores of {} {} differ a little from those of torch fp32: compare them with their own kind alone",
                   by.backend, by.precision);
    }
    if (!options.fpr && !options.fdr && !options.threshold_pixels) return;
    throw Error(ErrorCode::kUsage,
                "--fpr, --fdr and --threshold-pixels need a calibrated model: make one with ra "
                "calibrate --model " +
                    options.model + " HEALTHY... --output NAME.ra");
  }
  const FlagRule rule{options.fdr.value_or(options.fpr.value_or(FlagRule{}.rate)), options.fdr.has_value()};
  require_healthy_cases(calibration->scores.sorted().size(), rule.rate);
  options.screening.flags = rule;
  warn_about_calibration(options, detector);
  const bool fits = calibration->differences(detector.identity()).empty();
  if (options.screening.outputs.threshold || !fits) return;
  const auto& thresholds =
      options.threshold_pixels.value_or("brain") == "all" ? calibration->all_pixels : calibration->brain_pixels;
  options.screening.outputs.threshold = Calibration::threshold_at(thresholds, rule.rate).threshold;
}

int run_screen(ScreenOptions& options) {
  apply_common_options(options.common);
  options.screening.outputs.choose(options.save);
  if (options.screening.outputs.threshold && !std::isfinite(*options.screening.outputs.threshold)) {
    throw Error(ErrorCode::kUsage, "--threshold must be a finite number");
  }
  options.screening.outputs.format = map_format_from_string(options.format);
  options.screening.overwrite = options.common.overwrite;
  const at::Device device = resolve_device(device_or_default(options.common, options.detection.backend));
  const auto inputs = expand_path_list(options.inputs, options.common.data_root);
  const StopSignal stop;
  // Static, since its memory goes faster with the process than by itself.
  static const AnomalyDetector detector =
      AnomalyDetector::load(options.model, options.detection, device, options.common.seed.value_or(kDefaultSeed));
  use_calibration(options, detector);
  for (const std::string& warning : subject_warnings(detector)) log::warning("{}", warning);
  options.screening.outputs.map_maximum = options.map_maximum.value_or(detector.map_maximum());

  ProgressLine line(stderr, options.common.quiet);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  const auto summary = screen(detector, inputs, options.screening, [&](const ScreeningProgress& progress) {
    const double rate = static_cast<double>(progress.slices) / std::max(seconds(), 1e-9);
    line.update(
        fmt::format("input {}/{}, {} slices, {:.1f} slices/s", progress.input, progress.inputs, progress.slices, rate));
  });
  line.finish(fmt::format("{} of {} inputs read", summary.inputs, inputs.size()));
  print_problems(summary, inputs.size());
  if (!options.common.quiet) print_summary(options, detector, summary, seconds());
  return summary.failures.empty() ? kExitSuccess : kExitInputsFailed;
}

void add_options(CLI::App& command, ScreenOptions& options) {
  command.add_option("--model", options.model, "checkpoint (.pt or .safetensors) or calibrated bundle (.ra)")
      ->required();
  command.add_option("INPUT", options.inputs, "image files, folders (searched through), globs or CSV lists")
      ->required();
  command.add_option("--output", options.screening.output, "folder for scores.csv and maps")->required();
  add_detection_options(command, options.detection);
  command.add_option("--samples", options.detection.samples, "stochastic reconstructions for score_mean and score_sd");
  command.add_option("--slices", options.slices,
                     "slices of a volume: mid, all, A:B or i,j,k; default: as the bundle was calibrated, else mid");
  command
      .add_option("--save", options.save, "map, reconstruction, overlay (separated by commas), or none, also of masks")
      ->capture_default_str();
  command.add_option("--format", options.format, "of maps and reconstructions: npy, png or nii")->capture_default_str();
  CLI::Option* threshold = command.add_option("--threshold", options.screening.outputs.threshold,
                                              "pixel threshold on the map: writes a mask and the column pixels_above; "
                                              "default: the bundle's for the asked rate");
  command
      .add_option("--threshold-pixels", options.threshold_pixels,
                  "healthy pixels that the bundle's threshold counts: brain (the default) or all (as the paper does)")
      ->check(CLI::IsMember({"brain", "all"}))
      ->excludes(threshold);
  CLI::Option* fpr = command.add_option("--fpr", options.fpr,
                                        "with a bundle: false-positive rate at which slices are "
                                        "flagged; default: 0.05");
  command
      .add_option("--fdr", options.fdr,
                  "with a bundle: flag by Benjamini-Hochberg over all slices, at this "
                  "false-discovery rate")
      ->excludes(fpr);
  command.add_option("--map-maximum", options.map_maximum,
                     "map value that pictures show brightest, the same for all; default: what the model says");
  add_engine_options(command, options.detection);
  CLI::Option* skip_existing = command.add_flag("--skip-existing", options.screening.skip_existing,
                                                "go on with an earlier run: leave out what its scores.csv has");
  add_common_options(command, options.common);
  skip_existing->excludes(command.get_option("--overwrite"));
}

}  // namespace

void add_screen_command(CLI::App& app) {
  auto options = std::make_shared<ScreenOptions>();
  CLI::App& command =
      add_verb(app, "screen", "Score slices and map where they differ from their pseudo-healthy twins",
               "ra screen --model runs/ixi/checkpoints/best.pt scans/ --output results --save map,overlay");
  add_options(command, *options);
  on_run(command, [options] { return run_screen(*options); });
}

}  // namespace ra

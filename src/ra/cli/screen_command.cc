#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "ra/base/error.h"
#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/path_list.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/experiment/device.h"
#include "ra/report/screening.h"

namespace ra {
namespace {

struct ScreenOptions {
  CommonOptions common;
  std::string model;
  std::vector<std::string> inputs;
  std::string backend = "torch";
  std::string slices = "mid";
  std::string save = "map";
  std::string format = "npy";
  std::optional<double> map_maximum;
  DetectionOptions detection;
  ScreeningOptions screening;
};

void print_summary(const ScreenOptions& options, const AnomalyDetector& detector, const ScreeningSummary& summary,
                   double seconds) {
  for (const ScreeningFailure& failure : summary.failures) {
    fmt::print(stderr, "ra: error: {}\n", failure.reason);
  }
  if (options.common.quiet) return;
  const DetectorIdentity& by = detector.identity();
  fmt::print("{} slices scored in {} with {} ({} perceptual distance, latent {}, {} {}){}{}{}\n", summary.slices,
             format_duration(seconds), by.model, by.perceptual, by.latent, by.backend, by.precision,
             summary.skipped > 0 ? fmt::format("; {} were there already", summary.skipped) : "",
             summary.constant > 0 ? fmt::format("; {} slices without content left out", summary.constant) : "",
             summary.failures.empty() ? "" : fmt::format("; {} inputs failed", summary.failures.size()));
  fmt::print("Scores: {}\nResearch use only; not a medical device.\n",
             (options.screening.output / "scores.csv").string());
}

int run_screen(ScreenOptions& options) {
  apply_common_options(options.common);
  options.screening.slices = SliceRule::parse(options.slices);
  options.screening.outputs.choose(options.save);
  options.screening.outputs.format = map_format_from_string(options.format);
  options.screening.overwrite = options.common.overwrite;
  const at::Device device = resolve_device(options.common.device.value_or("auto"));
  const auto inputs = expand_path_list(options.inputs, options.common.data_root);
  const StopSignal stop;
  const AnomalyDetector detector =
      AnomalyDetector::load(options.model, options.detection, device, options.common.seed.value_or(kDefaultSeed));
  options.screening.outputs.map_maximum = options.map_maximum.value_or(detector.map_maximum());

  ProgressLine line(stderr, options.common.quiet);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  const auto summary = screen(detector, inputs, options.screening, [&](const ScreeningProgress& progress) {
    const double rate = static_cast<double>(progress.slices) / std::max(seconds(), 1e-9);
    line.update(fmt::format("input {}/{}, {} slices, {:.1f} slices/s", progress.input, progress.inputs, progress.slices,
                            rate));
  });
  line.finish(fmt::format("{} inputs read", inputs.size()));
  print_summary(options, detector, summary, seconds());
  return summary.failures.empty() ? kExitSuccess : kExitInputsFailed;
}

void add_options(CLI::App& command, ScreenOptions& options) {
  command.add_option("--model", options.model, "checkpoint (.pt or .safetensors)")->required();
  command.add_option("INPUT", options.inputs, "image files, folders (searched through), globs or CSV lists")->required();
  command.add_option("--output", options.screening.output, "folder for scores.csv and maps")->required();
  command.add_option("--perceptual", options.detection.perceptual,
                     "perceptual distance: encoder (the model's own embeddings) or squeezenet (LPIPS)")
      ->check(CLI::IsMember({"encoder", "squeezenet"}))
      ->capture_default_str();
  command.add_option("--perceptual-weights", options.detection.perceptual_weights,
                     "folder with squeeze.backbone.pth and squeeze.pth");
  command.add_option("--latent", options.detection.latent,
                     "mean, sample or average:K; default: what the model says, else average:8");
  command.add_option("--samples", options.detection.samples, "stochastic reconstructions for score_mean and score_sd");
  command.add_option("--batch", options.detection.batch_size, "slices at once")->capture_default_str();
  command.add_option("--slices", options.slices, "slices of a volume: mid, all, A:B or i,j,k")->capture_default_str();
  command.add_option("--save", options.save, "map, reconstruction, overlay (separated by commas), or none")
      ->capture_default_str();
  command.add_option("--format", options.format, "of maps and reconstructions: npy, png or nii")->capture_default_str();
  command.add_option("--threshold", options.screening.outputs.threshold,
                     "pixel threshold on the map: writes a mask and the column pixels_above");
  command.add_option("--map-maximum", options.map_maximum,
                     "map value that pictures show brightest, the same for all; default: what the model says");
  command.add_option("--backend", options.backend, "inference engine")
      ->check(CLI::IsMember({"torch"}))
      ->capture_default_str();
  command.add_flag("--skip-existing", options.screening.skip_existing,
                   "go on with an earlier run: leave out what its scores.csv has");
  add_common_options(command, options.common);
}

}  // namespace

void add_screen_command(CLI::App& app) {
  auto options = std::make_shared<ScreenOptions>();
  CLI::App& command = add_verb(app, "screen", "Score slices and map where they differ from their pseudo-healthy twins",
                               "ra screen --model runs/ixi/checkpoints/best.pt scans/ --output results --save map,overlay");
  add_options(command, *options);
  on_run(command, [options] { return run_screen(*options); });
}

}  // namespace ra

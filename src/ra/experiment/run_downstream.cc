#include "ra/experiment/run_downstream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/experiment/run_folder.h"
#include "ra/model/model_file.h"
#include "ra/report/picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr int kSheetCasesPerSet = 8;

std::string describe_shape(const ModelOptions& model) {
  return fmt::format("{}x{} pixels, {} channel(s), widths {}, latent {}", model.image_size, model.image_size,
                     model.image_channels, fmt::join(model.channels, " "), model.latent_size);
}

DownstreamResult run_detection(const ExperimentConfig& config, std::size_t number, const ExperimentFiles& files,
                               const AnomalyDetector& detector, const fs::path& folder,
                               const std::function<void(std::size_t, std::size_t)>& progress) {
  const DownstreamTask& task = config.downstream_tasks[number];
  std::vector<DetectionSet> sets;
  TruthMasks truth;
  for (std::size_t k = 0; k < task.datasets.size(); ++k) {
    const EvaluationSetFiles& set = files.downstream[number][k];
    sets.push_back({task.datasets[k].name, set.images});
    for (std::size_t row = 0; row < set.labels.size(); ++row) truth[set.images[row]] = set.labels[row];
  }
  DownstreamResult result;
  result.folder = folder;
  result.detection = compare_detection(detector, sets, files.data.train, config.seed, progress);
  write_detection_output(folder, result.detection, detector.identity());
  if (!result.detection.report.scores.empty()) {
    write_picture(folder / "sheet.png", detection_sheet(detector, result.detection.report, truth, kSheetCasesPerSet));
  }
  return result;
}

}  // namespace

AnomalyDetector load_detector(const ExperimentConfig& config, const fs::path& weights, at::Device device) {
  ModelFile file = read_model_file(weights);
  const ModelOptions& shape = file.model->options();
  if (describe_shape(shape) != describe_shape(config.model)) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("'{}' holds a network of {}, but the experiment's model is {}; change `model` or the weights",
                    weights.string(), describe_shape(shape), describe_shape(config.model)));
  }
  file.input.scaling = config.input.scaling;
  const std::string name = fmt::format("{} {}", weights.filename().string(), sha256_hex_of_file(weights).substr(0, 12));
  return AnomalyDetector(std::move(file), name, config.detection, device, config.seed);
}

std::optional<DownstreamResult> run_downstream_task(const ExperimentConfig& config, std::size_t task,
                                                    const ExperimentFiles& files, const AnomalyDetector& detector,
                                                    const fs::path& run_folder,
                                                    const std::function<void(std::size_t, std::size_t)>& progress) {
  const DownstreamTask& what = config.downstream_tasks[task];
  const fs::path folder = task_folder_of(what, run_folder);
  switch (what.kind) {
    case DownstreamKind::kDetection:
      return run_detection(config, task, files, detector, folder, progress);
    case DownstreamKind::kLocalization:
    case DownstreamKind::kThresholding:
    case DownstreamKind::kLatents:
    case DownstreamKind::kPseudoHealthy:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace ra

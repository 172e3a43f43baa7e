#include "ra/experiment/run_downstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ra/base/error.h"
#include "ra/data/manifest.h"
#include "ra/data/subject.h"
#include "ra/detection/bundle.h"
#include "ra/experiment/model_shape.h"
#include "ra/experiment/run_folder.h"
#include "ra/model/model_file.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// What each kind of task asks; `latent_vizu` of the reference is kLatents.
EvaluationProtocols protocols_of(DownstreamKind kind) {
  switch (kind) {
    case DownstreamKind::kDetection:
      return {.detection = true, .localization = false, .thresholding = true, .latents = false, .pseudo_healthy = true};
    case DownstreamKind::kLocalization:
      return {.detection = false, .localization = true, .thresholding = true, .latents = false, .pseudo_healthy = true};
    case DownstreamKind::kThresholding:
      return {
          .detection = false, .localization = false, .thresholding = true, .latents = false, .pseudo_healthy = false};
    case DownstreamKind::kLatents:
      return {
          .detection = false, .localization = false, .thresholding = false, .latents = true, .pseudo_healthy = false};
    case DownstreamKind::kPseudoHealthy:
      return {
          .detection = false, .localization = false, .thresholding = false, .latents = false, .pseudo_healthy = true};
  }
  return {};
}

bool has_healthy(const std::vector<LabelledSet>& sets) {
  return std::any_of(sets.begin(), sets.end(), [](const LabelledSet& set) { return set.is_normal(); });
}

// The images of a list of the configuration: as they were found, or, where the task did not need them, those that are
// there.
std::vector<fs::path> images_of(const ExperimentConfig& config, const std::vector<fs::path>& found,
                                const std::vector<std::string>& list) {
  return found.empty() ? PathLists(config.data.root).expand(list) : found;
}

std::vector<LabelledSet> sets_of(const ExperimentConfig& config, std::size_t task, const ExperimentFiles& files) {
  std::vector<LabelledSet> sets;
  for (std::size_t k = 0; k < config.downstream_tasks[task].datasets.size(); ++k) {
    const EvaluationSetFiles& set = files.downstream[task][k];
    sets.push_back(rows_of_lists(config.downstream_tasks[task].datasets[k].name, set.images, set.labels, set.masks));
    for (std::size_t row = 0; row < set.images.size(); ++row) {
      const auto subject = files.data.subjects.find(set.images[row].string());
      if (subject != files.data.subjects.end()) sets.back().rows[row].subject = subject->second;
    }
  }
  // Boxes need a pixel threshold, and that healthy images: the test slices are, and the model has not seen them.
  const bool needs_healthy = config.downstream_tasks[task].kind == DownstreamKind::kLocalization ||
                             config.downstream_tasks[task].kind == DownstreamKind::kThresholding;
  if (!needs_healthy || has_healthy(sets)) return sets;
  if (const std::vector<fs::path> test = images_of(config, files.data.test, config.data.test); !test.empty()) {
    sets.push_back(rows_of_lists("Normal_test", test, {}, {}));
    for (ManifestRow& row : sets.back().rows) {
      const auto subject = files.data.subjects.find(row.image.string());
      if (subject != files.data.subjects.end()) row.subject = subject->second;
    }
  }
  return sets;
}

}  // namespace

AnomalyDetector load_detector(const ExperimentConfig& config, const fs::path& weights, at::Device device) {
  if (is_bundle(weights)) return AnomalyDetector::load(weights, config.detection, device, config.seed);
  ModelFile file = read_model_file(weights);
  require_same_shape(weights, file.model->options(), config.model);
  // Files of the reference do not say how their slices were scaled; ours do, and are scored as they were trained.
  if (!file.latent_rule) file.input.scaling = config.input.scaling;
  const std::string name = fmt::format("{} {}", weights.filename().string(), file.sha256.substr(0, 12));
  return AnomalyDetector(std::move(file), name, config.detection, device, config.seed);
}

DownstreamResult run_downstream_task(const ExperimentConfig& config, std::size_t task, const ExperimentFiles& files,
                                     const AnomalyDetector& detector, const fs::path& run_folder,
                                     const std::function<void(std::size_t, std::size_t)>& progress,
                                     const EvaluationOptions& asked) {
  const DownstreamTask& what = config.downstream_tasks[task];
  EvaluationRunOptions options;
  options.evaluation = asked;
  options.allow_overlap = config.data.allow_overlap;
  options.evaluation.protocols = protocols_of(what.kind);
  options.evaluation.bootstrap.seed = config.seed;
  // Task test does not need the training slices, but the opponents are made of those that are there.
  options.evaluation.training = images_of(config, files.data.train, config.data.train);
  DownstreamResult result;
  result.folder = task_folder_of(what, run_folder);
  result.results = run_evaluation(detector, sets_of(config, task, files), options, result.folder, progress);
  return result;
}

void require_new_subjects(const ExperimentConfig& config, const ExperimentFiles& files) {
  if (config.data.allow_overlap) return;
  for (std::size_t task = 0; task < config.downstream_tasks.size(); ++task) {
    const std::vector<std::string> judged = subjects_of_sets(sets_of(config, task, files));
    for (const auto& [name, part] :
         {std::pair<const char*, const std::vector<fs::path>*>{"data.train", &files.data.train},
          {"data.val", &files.data.val}}) {
      const NamedSubjects parts[] = {{name, subjects_of(*part, files.data.subjects)},
                                     {"downstream task " + config.downstream_tasks[task].name, judged}};
      const std::string shared = describe_shared_subjects(parts);
      if (shared.empty()) continue;
      throw Error(ErrorCode::kUsage, shared +
                                         "; what a model has seen cannot judge it: choose other people, or say "
                                         "--allow-overlap (data.allow_overlap), and reports will say it");
    }
  }
}

}  // namespace ra

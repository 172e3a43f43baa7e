#include "ra/experiment/experiment_files.h"

#include <fmt/format.h>

#include "ra/base/error.h"

namespace ra {
namespace {

void check_rows(const DownstreamTask& task, const EvaluationSet& set, const EvaluationSetFiles& files) {
  for (const auto& [what, rows] :
       {std::pair<const char*, std::size_t>{"labels", files.labels.size()}, {"masks", files.masks.size()}}) {
    if (rows == 0 || rows == files.images.size()) continue;
    throw Error(ErrorCode::kUsage,
                fmt::format("dataset '{}' of downstream task '{}' has {} images but {} {}; one row is one box",
                            set.name, task.name, files.images.size(), rows, what));
  }
}

// kUsage when train, val and test share a subject and the configuration does not allow it.
void check_splits(const DataOptions& options, const DataFiles& files) {
  if (options.allow_overlap) return;
  const std::vector<NamedSubjects> parts = {{"data.train", subjects_of(files.train, files.subjects)},
                                            {"data.val", subjects_of(files.val, files.subjects)},
                                            {"data.test", subjects_of(files.test, files.subjects)}};
  const std::string shared = describe_shared_subjects(parts);
  if (shared.empty()) return;
  throw Error(ErrorCode::kUsage, shared +
                                     "; what a model has seen cannot judge it: put them into one part, or say "
                                     "--allow-overlap (data.allow_overlap), and reports will say it");
}

}  // namespace

ExperimentFiles find_experiment_files(const ExperimentConfig& config) {
  PathLists lists(config.data.root);
  ExperimentFiles files;
  if (config.task == "train") {
    if (config.data.train.empty() || config.data.val.empty()) {
      throw Error(ErrorCode::kUsage, fmt::format("data.{} is empty; name a list, folder, glob or image to {} on",
                                                 config.data.train.empty() ? "train" : "val",
                                                 config.data.train.empty() ? "train" : "validate"));
    }
    files.data = {lists.expand(config.data.train), lists.expand(config.data.val), lists.expand(config.data.test), {}};
  } else {
    const std::vector<std::filesystem::path> weights = lists.expand({config.weights});
    if (!weights.empty()) files.weights = weights.front();
  }
  for (const DownstreamTask& task : config.downstream_tasks) {
    std::vector<EvaluationSetFiles>& sets = files.downstream.emplace_back();
    for (const EvaluationSet& set : task.datasets) {
      sets.push_back({lists.expand(set.test), lists.expand(set.labels), lists.expand(set.masks)});
    }
  }
  lists.require_all_found();
  files.data.subjects = lists.subjects();
  for (std::size_t t = 0; t < config.downstream_tasks.size(); ++t) {
    const DownstreamTask& task = config.downstream_tasks[t];
    for (std::size_t k = 0; k < task.datasets.size(); ++k) {
      check_rows(task, task.datasets[k], files.downstream[t][k]);
    }
  }
  if (config.task == "train") check_splits(config.data, files.data);
  return files;
}

}  // namespace ra

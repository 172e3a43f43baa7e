#include "ra/experiment/experiment_config.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "ra/base/error.h"

namespace ra {
namespace {

void require(bool fine, const std::string& message) {
  if (!fine) throw Error(ErrorCode::kUsage, message);
}

// Names become folders and table cells, so they must be fit for both.
void check_name(const std::string& name, const std::string& what) {
  require(!name.empty(), what + " has no name");
  require(
      name != "." && name != ".." && name.find_first_of("/\\,\n\"") == std::string::npos,
      fmt::format("{} '{}' has a name that cannot be a folder's: use letters, digits, '-', '_' and '.'", what, name));
}

void check_task(const DownstreamTask& task) {
  std::set<std::string> names;
  require(!task.datasets.empty(), fmt::format("downstream task '{}' has no datasets", task.name));
  for (const EvaluationSet& set : task.datasets) {
    check_name(set.name, fmt::format("a dataset of downstream task '{}'", task.name));
    require(names.insert(set.name).second,
            fmt::format("downstream task '{}' has two datasets '{}'", task.name, set.name));
    require(!set.test.empty(),
            fmt::format("dataset '{}' of downstream task '{}' has no `test` entry", set.name, task.name));
  }
}

}  // namespace

std::string_view to_string(DownstreamKind kind) {
  switch (kind) {
    case DownstreamKind::kDetection:
      return "detection";
    case DownstreamKind::kLocalization:
      return "localization";
    case DownstreamKind::kThresholding:
      return "thresholding";
    case DownstreamKind::kLatents:
      return "latents";
    case DownstreamKind::kPseudoHealthy:
      return "pseudo_healthy";
  }
  return "";
}

void ExperimentConfig::finish() {
  input.image_size = model.image_size;
  input.image_channels = model.image_channels;
  check_name(name, "the experiment");
  require(task == "train" || task == "test", fmt::format("task is '{}', it must be train or test", task));
  require(std::in_range<std::int64_t>(seed), fmt::format("seed is {}, it must be below 2^63", seed));
  require(task == "train" || !weights.empty(), "task is test, so weights must name a model file");
  require(task == "test" || !model.conditional,
          "model.conditional is true, and a conditional model cannot be trained yet; it can only be loaded");
  model.validate();
  augmentation.validate();
  training.validate();
  tracking.validate();
  detection.validate();
  std::set<std::string> names;
  for (const DownstreamTask& downstream : downstream_tasks) {
    check_name(downstream.name, "a downstream task");
    require(names.insert(downstream.name).second, fmt::format("two downstream tasks '{}'", downstream.name));
    check_task(downstream);
  }
}

}  // namespace ra

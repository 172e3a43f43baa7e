#include "ra/experiment/result_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "ra/base/error.h"
#include "ra/experiment/config_json.h"

namespace ra {
namespace {

// Sections and keys that may change while a run goes on.
constexpr const char* kFree[] = {"name",
                                 "task",
                                 "weights",
                                 "output",
                                 "device",
                                 "data",
                                 "tracking",
                                 "detection",
                                 "downstream_tasks",
                                 "training.epochs",
                                 "training.patience",
                                 "training.max_minutes",
                                 "training.max_bad_steps",
                                 "training.loader_threads",
                                 "training.cuda_graphs",
                                 "training.examples_every",
                                 "training.checkpoints"};

bool is_free(const std::string& key) {
  return std::any_of(std::begin(kFree), std::end(kFree),
                     [&](const std::string& free) { return key == free || key.starts_with(free + "."); });
}

void collect(const std::string& key, const nlohmann::json& value, std::map<std::string, std::string>& settings) {
  if (is_free(key)) return;
  if (!value.is_object()) {
    settings[key] = value.dump();
    return;
  }
  for (const auto& [name, inner] : value.items()) collect(key + "." + name, inner, settings);
}

}  // namespace

std::map<std::string, std::string> result_settings(const ExperimentConfig& config) {
  std::map<std::string, std::string> settings;
  for (const auto& [key, text] : config_json(config)) collect(key, nlohmann::json::parse(text), settings);
  return settings;
}

void require_same_settings(const std::map<std::string, std::string>& before,
                           const std::map<std::string, std::string>& now) {
  std::vector<std::string> changed;
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (found != before.end() && found->second != value) {
      changed.push_back(fmt::format("{} was {} and is {}", key, found->second, value));
    }
  }
  if (changed.empty()) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("the run cannot go on with other settings than it began with: {}. Take them back, or begin a "
                          "new run from its model: ra train CONFIG --output FOLDER --resume CHECKPOINT.pt",
                          fmt::join(changed, "; ")));
}

}  // namespace ra

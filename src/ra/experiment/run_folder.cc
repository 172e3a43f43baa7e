#include "ra/experiment/run_folder.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <regex>
#include <span>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/log.h"
#include "ra/base/source_commit.h"
#include "ra/experiment/config_yaml.h"
#include "ra/training/checkpoint_keeper.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string local_time(const char* format) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[64];
  std::strftime(text, sizeof text, format, &local);
  return text;
}

// Number of files and one hash over their contents in order; names and places do not count.
DataIdentity identify(const char* list, const std::vector<fs::path>& files) {
  std::string hashes;
  for (const fs::path& file : files) hashes += sha256_hex_of_file(file) + "\n";
  return {list, files.size(), sha256_hex(std::as_bytes(std::span(hashes)))};
}

// What a start of a run has to say of itself.
Json start_facts(const char* when, const ExperimentConfig& config, at::Device device) {
  return {{"ra", RA_VERSION},
          {"commit", std::string(source_commit())},
          {"libtorch", TORCH_VERSION},
          {when, local_time("%Y-%m-%dT%H:%M:%S%z")},
          {"device", device.str()},
          {"precision", to_string(config.training.precision)},
          {"fidelity", std::string(to_string(config.training.fidelity))},
          {"threads", at::get_num_threads()}};
}

Json environment(const ExperimentConfig& config, const std::vector<DataIdentity>& data, at::Device device) {
  Json facts = start_facts("started", config, device);
  facts["seed"] = config.seed;
  for (const DataIdentity& list : data) {
    facts["data"][list.list.substr(list.list.find('.') + 1)] = {{"files", list.files}, {"sha256", list.sha256}};
  }
  return facts;
}

// What a training leaves in its folder.
constexpr const char* kTrainingResults[] = {"metrics.jsonl",    "checkpoints", "figures",     "config.yaml",
                                            "environment.json", "wandb",       "tensorboard", "bad_batch.pt"};

// A training without a best model is kept only where it does not take the place of another one.
bool is_worth_keeping(const fs::path& folder) {
  if (fs::exists(folder / "checkpoints" / "best.pt")) return true;
  return !saved_states(folder / "checkpoints").empty() && !fs::exists(folder / "replaced");
}

// An earlier training is not lost before the new one has a best model: it moves to `replaced`. One that saved nothing
// goes.
void set_aside_results(const fs::path& folder) {
  const fs::path aside = folder / "replaced";
  const bool worth_keeping = is_worth_keeping(folder);
  if (worth_keeping) {
    fs::remove_all(aside);
    make_output_folder(aside);
    log::info("the earlier training is in '{}' until the new one has saved its first best.pt", aside.string());
  }
  for (const char* name : kTrainingResults) {
    if (!fs::exists(folder / name)) continue;
    if (worth_keeping)
      fs::rename(folder / name, aside / name);
    else
      fs::remove_all(folder / name);
  }
}

// Example pictures of epochs that are going to be trained again.
void remove_later_examples(const fs::path& folder, std::int64_t epochs) {
  static const std::regex kName(R"(epoch_([0-9]{1,9})\.png)");
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder / "figures", missing)) {
    const std::string name = entry.path().filename().string();
    std::smatch match;
    if (std::regex_match(name, match, kName) && std::stol(match[1]) > epochs) fs::remove(entry.path());
  }
}

ClaimedFolder take(const fs::path& folder) {
  auto lock = std::make_unique<LockFile>(folder / "train.lock");
  std::size_t stale = 0;
  for (const fs::path& place : {folder, folder / "checkpoints", folder / "figures"}) {
    stale += remove_stale_temporaries(place);
  }
  if (stale > 0) log::info("{} temporary file(s) of a process that was killed removed", stale);
  return lock;
}

void refuse_results(const fs::path& folder, const char* file) {
  if (!fs::exists(folder / file)) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("'{}' holds results already; name another folder, or give --overwrite", folder.string()));
}

}  // namespace

fs::path run_folder_of(const ExperimentConfig& config) {
  if (!config.output.empty()) return config.output;
  return fs::path("runs") / fmt::format("{}_{}", local_time("%Y_%m_%d_%H_%M_%S"), config.name);
}

fs::path task_folder_of(const DownstreamTask& task, const fs::path& run_folder) {
  return task.output.empty() ? run_folder / "downstream" / task.name : fs::path(task.output);
}

ClaimedFolder claim_run_folder(const fs::path& folder, const ExperimentConfig& config, bool overwrite) {
  make_output_folder(folder);
  ClaimedFolder claimed = take(folder);
  if (overwrite) return claimed;
  refuse_results(folder, "config.yaml");
  for (const DownstreamTask& task : config.downstream_tasks) {
    refuse_results(task_folder_of(task, folder), "results.json");
  }
  return claimed;
}

ClaimedFolder claim_run_to_resume(const fs::path& folder) {
  if (!fs::exists(folder / "config.yaml")) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("'{}' holds no run (no config.yaml), so there is nothing to go on with; begin one with ra train "
                    "CONFIG --output FOLDER",
                    folder.string()));
  }
  return take(folder);
}

std::vector<DataIdentity> identify_data(const DataFiles& files) {
  return {identify("data.train", files.train), identify("data.val", files.val), identify("data.test", files.test)};
}

void require_same_data(const std::vector<DataIdentity>& before, const std::vector<DataIdentity>& now) {
  for (const DataIdentity& list : before) {
    if (list.list == "data.test") continue;
    const auto same = [&](const DataIdentity& other) { return other.list == list.list; };
    const auto found = std::find_if(now.begin(), now.end(), same);
    if (found != now.end() && *found == list) continue;
    const std::uint64_t files = found == now.end() ? 0 : found->files;
    throw Error(
        ErrorCode::kUsage,
        fmt::format("{} is not what the run began with: {}; give it the old files, or begin a new run", list.list,
                    files != list.files ? fmt::format("it had {} files and has {}", list.files, files)
                                        : "as many files, but with other contents or in another order"));
  }
}

void begin_run_folder(const fs::path& folder, const ExperimentConfig& config, const std::vector<DataIdentity>& data,
                      at::Device device) {
  if (config.task == "train") set_aside_results(folder);
  write_file(folder / "environment.json", environment(config, data, device).dump(2) + "\n");
  write_file(folder / "config.yaml", to_yaml(config));
}

void forget_replaced(const fs::path& folder) { fs::remove_all(folder / "replaced"); }

void continue_run_folder(const fs::path& folder, const ExperimentConfig& config, at::Device device,
                         std::int64_t epochs) {
  remove_later_examples(folder, epochs);
  const fs::path path = folder / "environment.json";
  Json facts = Json::object();
  if (fs::exists(path)) facts = Json::parse(read_text_file(path), nullptr, /*allow_exceptions=*/false);
  if (!facts.is_object()) facts = Json::object();
  facts["resumed"].push_back(start_facts("at", config, device));
  write_file(path, facts.dump(2) + "\n");
  write_file(folder / "config.yaml", to_yaml(config));
}

}  // namespace ra

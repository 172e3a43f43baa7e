#include "ra/experiment/run_folder.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <span>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/source_commit.h"
#include "ra/experiment/config_yaml.h"

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
Json fingerprint(const std::vector<fs::path>& files) {
  std::string hashes;
  for (const fs::path& file : files) hashes += sha256_hex_of_file(file) + "\n";
  return {{"files", files.size()}, {"sha256", sha256_hex(std::as_bytes(std::span(hashes)))}};
}

Json environment(const ExperimentConfig& config, const ExperimentFiles& files, at::Device device) {
  return {{"ra", RA_VERSION},
          {"commit", std::string(source_commit())},
          {"libtorch", TORCH_VERSION},
          {"started", local_time("%Y-%m-%dT%H:%M:%S%z")},
          {"device", device.str()},
          {"precision", "fp32"},
          {"threads", at::get_num_threads()},
          {"seed", config.seed},
          {"data",
           {{"train", fingerprint(files.data.train)},
            {"val", fingerprint(files.data.val)},
            {"test", fingerprint(files.data.test)}}}};
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

void claim_run_folder(const fs::path& folder, const ExperimentConfig& config, bool overwrite) {
  if (!overwrite) {
    refuse_results(folder, "config.yaml");
    for (const DownstreamTask& task : config.downstream_tasks) {
      refuse_results(task_folder_of(task, folder), "results.json");
    }
  }
  make_output_folder(folder);
}

void begin_run_folder(const fs::path& folder, const ExperimentConfig& config, const ExperimentFiles& files,
                      at::Device device) {
  const std::string facts = environment(config, files, device).dump(2) + "\n";
  if (config.task == "train") {
    for (const char* old : {"metrics.jsonl", "checkpoints", "figures"}) fs::remove_all(folder / old);
  }
  write_file(folder / "config.yaml", to_yaml(config));
  write_file(folder / "environment.json", facts);
}

}  // namespace ra

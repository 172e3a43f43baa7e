#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ra/detection/detection_options.h"

namespace CLI {
class App;
}

namespace ra {

// What every verb takes that computes. An optional that was not given leaves the experiment file's value.
struct CommonOptions {
  // auto, cpu or cuda; experiment/device.h makes a device of it.
  std::optional<std::string> device;
  // Folder that relative paths in lists start from; the working directory where empty.
  std::string data_root;
  // fp32, the exact mode, or bf16.
  std::string precision = "fp32";
  std::optional<std::uint64_t> seed;
  // OpenMP threads; 0 leaves the choice to OMP_NUM_THREADS and the machine.
  int threads = 0;
  // key.path=value, applied to the experiment file in order.
  std::vector<std::string> set;
  bool overwrite = false;
  bool quiet = false;
  std::string log_level = "info";
};

// --device, --data-root, --precision (where the verb has none of its own), --seed, --threads, --overwrite, --quiet and
// --log-level.
void add_common_options(CLI::App& command, CommonOptions& options);
// --set key.path=value, for the verbs that read an experiment file.
void add_set_option(CLI::App& command, CommonOptions& options);
// One of them alone, and --quiet with --log-level alone, for verbs that need no more.
void add_seed_option(CLI::App& command, CommonOptions& options);
void add_precision_option(CLI::App& command, CommonOptions& options);
void add_threads_option(CLI::App& command, CommonOptions& options);
void add_overwrite_option(CLI::App& command, CommonOptions& options);
void add_log_options(CLI::App& command, CommonOptions& options);

// --perceptual, --perceptual-weights and --latent: how a slice is scored.
void add_detection_options(CLI::App& command, DetectionOptions& options);

// --backend, --precision, --fast and --streams: what computes a score. Before add_common_options.
void add_engine_options(CLI::App& command, DetectionOptions& options);

// The device of a verb that screens: where none was asked for, the one that an asked backend computes on.
std::string device_or_default(const CommonOptions& common, const std::string& backend);

// Sets the log level and the number of threads. The first line of a verb's work.
void apply_common_options(const CommonOptions& options);

}  // namespace ra

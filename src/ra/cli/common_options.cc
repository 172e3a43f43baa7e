#include "ra/cli/common_options.h"

#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <thread>

#include "ra/base/log.h"

namespace ra {

void add_log_options(CLI::App& command, CommonOptions& options) {
  command.add_flag("--quiet,-q", options.quiet, "No progress; only warnings and errors");
  command.add_option("--log-level", options.log_level, "debug, info, warning, error or off")->capture_default_str();
}

void add_overwrite_option(CLI::App& command, CommonOptions& options) {
  command.add_flag("--overwrite", options.overwrite, "Replace results that are already there");
}

void add_set_option(CLI::App& command, CommonOptions& options) {
  // One value an option, so that the CONFIG behind it is not taken for another value.
  command.add_option("--set", options.set, "key.path=value: change one key of the experiment file (repeatable)")
      ->allow_extra_args(false);
}

void add_seed_option(CLI::App& command, CommonOptions& options) {
  // CLI11 alone would take -1 for the largest seed; an experiment file holds no larger one than this.
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  command.add_option("--seed", options.seed, "Seed of every random number")
      ->check(CLI::Range(std::int64_t{0}, kLargest, "from 0"));
}

void add_precision_option(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--precision", options.precision,
                  "Arithmetic: fp32 (the exact mode) or bf16 (fast where the "
                  "processor has AVX512-BF16 or AMX, or on CUDA)")
      ->capture_default_str()
      ->check(CLI::IsMember({"fp32", "bf16"}));
}

void add_threads_option(CLI::App& command, CommonOptions& options) {
  command.add_option("--threads", options.threads, "Threads to compute with; 0 lets the machine choose")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
}

void add_common_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--device", options.device, "auto, cpu or cuda")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command.add_option("--data-root", options.data_root, "Folder that relative paths in lists start from");
  if (command.get_option_no_throw("--precision") == nullptr) add_precision_option(command, options);
  add_seed_option(command, options);
  add_threads_option(command, options);
  add_overwrite_option(command, options);
  add_log_options(command, options);
}

void add_detection_options(CLI::App& command, DetectionOptions& options) {
  command
      .add_option("--perceptual", options.perceptual,
                  "Perceptual distance: encoder (the model's own embeddings) or squeezenet (LPIPS); default: what the "
                  "model says, else encoder")
      ->check(CLI::IsMember({"encoder", "squeezenet"}));
  command.add_option("--perceptual-weights", options.perceptual_weights,
                     "Folder with squeeze.backbone.pth and squeeze.pth");
  command.add_option("--latent", options.latent,
                     "mean, sample or average:K; default: what the model says, else average:8");
}

void add_engine_options(CLI::App& command, DetectionOptions& options) {
  CLI::Option* backend = command
                             .add_option("--backend", options.backend,
                                         "Engine: torch (the exact one), native (the fastest on CPUs) or openvino; "
                                         "default: as the bundle was calibrated, else torch")
                             ->check(CLI::IsMember({"torch", "openvino", "native"}));
  CLI::Option* precision =
      command
          .add_option("--precision", options.precision,
                      "Arithmetic: fp32 or bf16 (fast where the processor has AVX512-BF16 or AMX); "
                      "default: as the bundle was calibrated, else fp32")
          ->check(CLI::IsMember({"fp32", "bf16"}));
  command
      .add_flag_callback(
          "--fast", [&options] { options.use_fastest(); },
          "The fastest engine whose ranks and AUROC are those of torch in fp32: native in fp32")
      ->excludes(backend)
      ->excludes(precision);
  command
      .add_option("--streams", options.streams,
                  "Slices that openvino computes at the same time, each by threads / streams threads: 0, as many as "
                  "threads, has a list done soonest, 1 a single slice; changes no number")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

std::string device_or_default(const CommonOptions& common, const std::string& backend) {
  return common.device.value_or(backend.empty() || backend == "torch" ? "auto" : "cpu");
}

void apply_common_options(const CommonOptions& options) {
  const log::Level level = log::level_from_string(options.log_level);
  log::set_level(options.quiet && level < log::Level::kWarning ? log::Level::kWarning : level);
  // Every thread beyond the processors costs time, and thousands of them minutes.
  const auto processors = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1u));
  if (options.threads > processors) {
    log::warning("--threads {} is more than the {} processors here: {} are used", options.threads, processors,
                 processors);
  }
  if (options.threads > 0) at::set_num_threads(std::min(options.threads, processors));
}

}  // namespace ra

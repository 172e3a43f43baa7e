#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/synthetic_dataset.h"

namespace ra {
namespace {

struct SynthesizeOptions {
  CommonOptions common;
  SyntheticDatasetOptions dataset;
};

int run_synthesize(SynthesizeOptions& options) {
  apply_common_options(options.common);
  options.dataset.overwrite = options.common.overwrite;
  options.dataset.threads = options.common.threads;
  options.dataset.seed = options.common.seed.value_or(kDefaultSeed);
  const StopSignal stop;
  ProgressLine line(stderr, options.common.quiet);
  const auto start = std::chrono::steady_clock::now();
  std::size_t pictures = 0;
  write_synthetic_dataset(options.dataset, [&](std::size_t done, std::size_t total) {
    pictures = total;
    line.update(fmt::format("brain {}/{}", done, total));
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  line.finish(fmt::format("{} synthetic brains made in {}", pictures, format_duration(seconds)));
  if (options.common.quiet) return kExitSuccess;
  const std::filesystem::path& folder = options.dataset.output;
  fmt::print("Lists: {}\nWhat each picture shows: {}\n", (folder / "lists").string(),
             (folder / "manifest.csv").string());
  return kExitSuccess;
}

}  // namespace

void add_synthesize_command(CLI::App& app) {
  CLI::App& command = add_verb(app, "synthesize", "Make synthetic brains, healthy and with lesions, with their lists",
                               "ra synthesize --output brains --count 700 --seed 1 --lesions");
  const auto options = std::make_shared<SynthesizeOptions>();
  command.add_option("--output", options->dataset.output, "folder for images/, masks/, lists/ and manifest.csv")
      ->required();
  command.add_option("--count", options->dataset.count, "healthy brains: 70 % train, 15 % val, the rest test")
      ->required();
  command.add_flag("--lesions", options->dataset.lesions, "also every test brain a second time, with a lesion");
  add_seed_option(command, options->common);
  command.add_option("--threads", options->common.threads, "brains made at a time; 0 lets the machine choose")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  add_overwrite_option(command, options->common);
  add_log_options(command, options->common);
  on_run(command, [options] { return run_synthesize(*options); });
}

}  // namespace ra

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ra/base/log.h"
#include "ra/base/progress.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/cli/training_display.h"
#include "ra/experiment/device.h"
#include "ra/experiment/experiment_files.h"
#include "ra/experiment/load_config.h"
#include "ra/experiment/run_folder.h"
#include "ra/experiment/run_training.h"

namespace ra {
namespace {

struct TrainOptions {
  CommonOptions common;
  std::string config;
  std::string output;
  bool allow_overlap = false;
};

// The experiment file with what the command line says on top.
ExperimentConfig training_config(const TrainOptions& options) {
  LoadedConfig loaded = load_config(options.config, options.common.set);
  for (const std::string& note : loaded.notes) log::info("{}", note);
  ExperimentConfig& config = loaded.config;
  config.task = "train";
  // They are `ra run`'s; here their files need not exist.
  config.downstream_tasks.clear();
  config.output = options.output;
  if (options.common.device) config.device = *options.common.device;
  if (options.common.seed) config.seed = *options.common.seed;
  if (!options.common.data_root.empty()) config.data.root = options.common.data_root;
  if (options.allow_overlap) config.data.allow_overlap = true;
  config.finish();
  return config;
}

int run_train(const TrainOptions& options) {
  apply_common_options(options.common);
  const ExperimentConfig config = training_config(options);
  const at::Device device = resolve_device(config.device);
  const ExperimentFiles files = find_experiment_files(config);
  claim_run_folder(options.output, config, options.common.overwrite);
  const StopSignal stop;
  TrainingReport report;
  {
    ProgressLine line(stderr, options.common.quiet);
    report = run_training(config, files, options.output, device, show_training(line),
                          [&](std::size_t done, std::size_t total) {
                            line.update(fmt::format("reading slices {}/{}", done, total));
                          });
  }
  if (!options.common.quiet) print_training_report(report);
  return kExitSuccess;
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_verb(app, "train", "Train a model on healthy slices",
                               "ra train configs/demo.yaml --data-root brains --output runs/demo");
  command.add_option("CONFIG", options->config, "Experiment file, native or of the reference")->required();
  command.add_option("--output", options->output,
                     "Run folder: checkpoints/best.pt and latest.pt, metrics.jsonl, figures/, config.yaml")
      ->required();
  command.add_flag("--allow-overlap", options->allow_overlap, "Let train, val and test share subjects");
  add_set_option(command, options->common);
  add_common_options(command, options->common);
  on_run(command, [options] { return run_train(*options); });
}

}  // namespace ra

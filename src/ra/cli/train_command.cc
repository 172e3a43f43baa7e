#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/cli/prepared_training.h"
#include "ra/experiment/device.h"
#include "ra/experiment/experiment_files.h"
#include "ra/experiment/load_config.h"
#include "ra/experiment/run_folder.h"
#include "ra/experiment/run_training.h"
#include "ra/experiment/tracked_run.h"
#include "ra/tracking/run_trackers.h"
#include "ra/training/resume_point.h"

namespace ra {
namespace {

struct TrainOptions {
  CommonOptions common;
  std::string config;
  std::string output;
  std::string resume;
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

PreparedTraining prepare_new(const TrainOptions& options) {
  if (!options.resume.empty() && !std::filesystem::exists(options.resume)) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' (--resume) does not exist; give the folder of a run, or a "
                                               "checkpoint with CONFIG and --output",
                                               options.resume));
  }
  if (!options.resume.empty() && (options.config.empty() || options.output.empty())) {
    throw Error(ErrorCode::kUsage,
                fmt::format("a new run that begins from '{0}' needs CONFIG and --output: ra train CONFIG --output "
                            "FOLDER --resume {0}",
                            options.resume));
  }
  if (options.config.empty() || options.output.empty()) {
    throw Error(ErrorCode::kUsage,
                "name an experiment file and a folder: ra train CONFIG --output FOLDER, or a run to go "
                "on with: ra train --resume RUN");
  }
  PreparedTraining run;
  run.config = training_config(options);
  run.folder = options.output;
  run.files = find_experiment_files(run.config);
  if (!options.resume.empty()) run.start = start_from_file(options.resume, run.config);
  run.claimed = claim_run_folder(run.folder, run.config, options.common.overwrite);
  return run;
}

PreparedTraining prepare(const TrainOptions& options) {
  if (!std::filesystem::is_directory(options.resume)) return prepare_new(options);
  const bool others = !options.config.empty() || !options.output.empty();
  PreparedTraining run = prepare_resumed(options.resume, options.common, others);
  // Downstream tasks are `ra run`'s: they stay in config.yaml, but here their files need not exist.
  ExperimentConfig training_only = run.config;
  training_only.downstream_tasks.clear();
  run.files = find_experiment_files(training_only);
  return run;
}

int run_train(const TrainOptions& options) {
  apply_common_options(options.common);
  PreparedTraining run = prepare(options);
  const at::Device device = resolve_device(run.config.device);
  const StopSignal stop;
  // Rows that ra run logged after the training stay.
  if (run.start.resumes && has_ended(run.folder, *run.start.from, run.config.training)) {
    log::info(
        "'{}' has finished its {} epochs, so there is nothing to go on with; a larger training.epochs makes it "
        "longer",
        run.folder.string(), run.start.from->epochs());
    // A kill may have cut the sinks short after the last row: opening makes them again from the rows.
    const RunTrackers sinks(tracked_run(run.folder));
    return kExitSuccess;
  }
  const TrainingReport report = train_with_progress(run, device, options.common.quiet, "ra train");
  const int code = StopSignal::received() != 0 ? 128 + StopSignal::received() : kExitSuccess;
  RunTrackers(tracked_run(run.folder), report.runtime_seconds).finish(code);
  return code;
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command =
      add_verb(app, "train", "Train a model on healthy slices",
               "ra train configs/demo.yaml --data-root brains --output runs/demo\n"
               "  ra train --resume runs/demo\n"
               "Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP end it after the step in progress, saved (exit code 130, 143, "
               "138, 129).");
  command.add_option("CONFIG", options->config, "Experiment file, native or of the reference");
  command.add_option("--output", options->output,
                     "Run folder: checkpoints/best.pt and latest.pt, metrics.jsonl, figures/, config.yaml");
  command.add_option("--resume", options->resume,
                     "A run folder to go on with, alone; or, with CONFIG and --output, a checkpoint of ra or of the "
                     "reference to begin from");
  command.add_flag("--allow-overlap", options->allow_overlap, "Let train, val and test share subjects");
  add_set_option(command, options->common);
  add_common_options(command, options->common);
  const CLI::Option* precision = command.get_option("--precision");
  on_run(command, [options, precision] {
    if (precision->count() > 0) set_training_precision(options->common);
    return run_train(*options);
  });
}

}  // namespace ra

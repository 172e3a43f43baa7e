#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/progress.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/cli/evaluation_display.h"
#include "ra/cli/prepared_training.h"
#include "ra/cli/training_display.h"
#include "ra/experiment/device.h"
#include "ra/experiment/load_config.h"
#include "ra/experiment/run_downstream.h"
#include "ra/experiment/run_folder.h"
#include "ra/experiment/run_training.h"
#include "ra/experiment/tracked_run.h"
#include "ra/tracking/run_trackers.h"

namespace ra {
namespace {

struct RunOptions {
  CommonOptions common;
  std::string file;         // as the positional argument
  std::string config_path;  // as the reference spells it
  std::string resume;       // a run folder
  bool allow_overlap = false;
};

ExperimentConfig load(const RunOptions& options) {
  if (options.file.empty() == options.config_path.empty()) {
    throw Error(
        ErrorCode::kUsage,
        "name one experiment file: ra run CONFIG, or ra run --config_path CONFIG; or a run: ra run --resume RUN");
  }
  LoadedConfig loaded = load_config(options.file.empty() ? options.config_path : options.file, options.common.set);
  if (!options.common.data_root.empty()) loaded.config.data.root = options.common.data_root;
  if (options.allow_overlap) loaded.config.data.allow_overlap = true;
  if (options.common.device) loaded.config.device = *options.common.device;
  if (options.common.seed) loaded.config.seed = *options.common.seed;
  loaded.config.finish();
  for (const std::string& note : loaded.notes) log::info("{}", note);
  return loaded.config;
}

PreparedTraining prepare_new(const RunOptions& options) {
  PreparedTraining run;
  run.config = load(options);
  run.files = find_experiment_files(run.config);
  require_new_subjects(run.config, run.files);
  run.folder = run_folder_of(run.config);
  run.claimed = claim_run_folder(run.folder, run.config, options.common.overwrite);
  return run;
}

PreparedTraining prepare(const RunOptions& options) {
  if (options.resume.empty()) return prepare_new(options);
  const bool others = !options.file.empty() || !options.config_path.empty();
  PreparedTraining run = prepare_resumed(options.resume, options.common, others);
  run.files = find_experiment_files(run.config);
  require_new_subjects(run.config, run.files);
  return run;
}

void print_test(const std::optional<Validation>& test) {
  if (test) fmt::print("Squared error on test: {}\n", describe(*test));
}

// Returns how many images failed.
std::size_t run_downstream(const ExperimentConfig& config, const ExperimentFiles& files,
                           const AnomalyDetector& detector, const std::filesystem::path& folder, bool quiet,
                           RunTrackers& trackers) {
  std::size_t failed = 0;
  for (std::size_t k = 0; k < config.downstream_tasks.size() && StopSignal::received() == 0; ++k) {
    const DownstreamTask& task = config.downstream_tasks[k];
    ProgressLine line(stderr, quiet);
    const auto result = run_downstream_task(config, k, files, detector, folder, [&](std::size_t done, std::size_t all) {
      line.update(fmt::format("{}: image {}/{}", task.name, done, all));
    });
    line.finish(fmt::format("{}: {} images judged", task.name, result.results.cases.size()));
    if (!quiet) fmt::print("Downstream task {} ({})\n", task.name, to_string(task.kind));
    print_evaluation(result.results, result.folder, quiet);
    trackers.evaluation(result.folder);
    failed += result.results.failures.size();
    std::fflush(stdout);
  }
  return failed;
}

// Trains, and tests unless a signal ended it. The report's runtime includes the test.
TrainingReport train(PreparedTraining& run, at::Device device, bool quiet) {
  TrainingReport report = train_with_progress(run, device, quiet, "ra run");
  if (report.end == TrainingEnd::kSignal) return report;
  RunTrackers trackers(tracked_run(run.folder), report.runtime_seconds);
  const std::optional<Validation> test = run_test(run.config, run.files, run.folder, device, trackers);
  if (!quiet) print_test(test);
  report.runtime_seconds = trackers.runtime_seconds();
  return report;
}

// Logs how the run ends, by a signal or with this code, and returns it.
int log_end(RunTrackers& trackers, int code) {
  trackers.finish(StopSignal::received() != 0 ? 128 + StopSignal::received() : code);
  return code;
}

int run(const RunOptions& options) {
  apply_common_options(options.common);
  const bool quiet = options.common.quiet;
  PreparedTraining prepared = prepare(options);
  const ExperimentConfig& config = prepared.config;
  const ExperimentFiles& files = prepared.files;
  const std::filesystem::path& folder = prepared.folder;
  const at::Device device = resolve_device(config.device);
  if (!quiet) fmt::print("Run folder: {}\n", folder.string());
  std::fflush(stdout);

  const StopSignal stop;
  const bool trains = config.task == "train";
  TrainingReport report;
  if (trains) report = train(prepared, device, quiet);
  if (report.end == TrainingEnd::kSignal) {
    RunTrackers trackers(tracked_run(folder), report.runtime_seconds);
    return log_end(trackers, kExitRunFailed);
  }
  const AnomalyDetector detector =
      load_detector(config, trains ? folder / "checkpoints" / "best.pt" : files.weights, device);
  if (!trains) begin_run_folder(folder, config, identify_data(files.data), device);
  RunTrackers trackers(tracked_run(folder), report.runtime_seconds);
  const std::size_t failed = run_downstream(config, files, detector, folder, quiet, trackers);
  if (!quiet) fmt::print("Research use only; not a medical device.\n");
  return log_end(trackers, failed == 0 ? kExitSuccess : kExitInputsFailed);
}

}  // namespace

void add_run_command(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App& command = add_verb(app, "run", "Run an experiment file: train, test and downstream tasks, as it says",
                               "ra run configs/demo.yaml --data-root brains --set training.epochs=10");
  command.add_option("CONFIG", options->file, "Experiment file, native or of the reference");
  command.add_option("--config_path", options->config_path, "The same, as the reference spells it");
  command.add_option("--resume", options->resume, "A run folder to go on with, instead of CONFIG");
  command.add_flag("--allow-overlap", options->allow_overlap, "Let train, val and test share subjects");
  add_set_option(command, options->common);
  add_common_options(command, options->common);
  const CLI::Option* precision = command.get_option("--precision");
  on_run(command, [options, precision] {
    if (precision->count() > 0) set_training_precision(options->common);
    return run(*options);
  });
}

}  // namespace ra

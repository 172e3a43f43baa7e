#include "ra/cli/prepared_training.h"

#include <fmt/format.h>

#include <utility>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/progress.h"
#include "ra/cli/training_display.h"
#include "ra/experiment/tracked_run.h"
#include "ra/tracking/run_trackers.h"

namespace ra {
namespace {

// Logs that a training failed, so that sinks do not show it as running for ever; one that was refused has not run. The
// error itself matters more than a log that cannot be written.
void log_failure(const std::filesystem::path& folder, const Error& failure) {
  const bool failed = failure.code() == ErrorCode::kFailed || failure.code() == ErrorCode::kIo;
  if (!failed || !std::filesystem::exists(folder / "metrics.jsonl")) return;
  try {
    RunTrackers(tracked_run(folder)).finish(exit_code(failure.code()));
  } catch (const Error& error) {
    log::warning("the end of the run is not logged: {}", error.what());
  }
}

}  // namespace

PreparedTraining prepare_resumed(const std::string& run, const CommonOptions& common, bool others) {
  if (others || common.seed || common.overwrite) {
    throw Error(ErrorCode::kUsage,
                "--resume RUN goes on with what the run's config.yaml says; CONFIG, --output, --seed and --overwrite do "
                "not go with it (--set changes what may change)");
  }
  PreparedTraining prepared;
  prepared.folder = run;
  prepared.claimed = claim_run_to_resume(prepared.folder);
  ResumedRun resumed = resumed_run(prepared.folder, common.set, common.data_root);
  prepared.config = std::move(resumed.config);
  prepared.start = std::move(resumed.start);
  if (common.device) prepared.config.device = *common.device;
  return prepared;
}

TrainingReport train_with_progress(PreparedTraining& run, at::Device device, bool quiet, const std::string& verb) {
  TrainingReport report;
  try {
    ProgressLine line(stderr, quiet);
    report = run_training(
        run.config, run.files, run.folder, device, std::move(run.start), show_training(line),
        [&](std::size_t done, std::size_t all) { line.update(fmt::format("reading slices {}/{}", done, all)); });
  } catch (const Error& error) {
    log_failure(run.folder, error);
    throw;
  }
  if (!quiet) print_training_report(report, fmt::format("{} --resume {}", verb, run.folder.string()));
  return report;
}

}  // namespace ra

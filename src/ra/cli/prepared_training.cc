#include "ra/cli/prepared_training.h"

#include <fmt/format.h>

#include <utility>

#include "ra/base/error.h"
#include "ra/base/progress.h"
#include "ra/cli/training_display.h"

namespace ra {

PreparedTraining prepare_resumed(const std::string& run, const CommonOptions& common, bool others) {
  if (others || common.seed || common.overwrite) {
    throw Error(
        ErrorCode::kUsage,
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

void set_training_precision(CommonOptions& common) { common.set.push_back("training.precision=" + common.precision); }

TrainingReport train_with_progress(PreparedTraining& run, at::Device device, bool quiet, const std::string& verb) {
  TrainingReport report;
  {
    ProgressLine line(stderr, quiet);
    report = run_training(
        run.config, run.files, run.folder, device, std::move(run.start), show_training(line),
        [&](std::size_t done, std::size_t all) { line.update(fmt::format("reading slices {}/{}", done, all)); });
  }
  if (!quiet) print_training_report(report, fmt::format("{} --resume {}", verb, run.folder.string()));
  return report;
}

}  // namespace ra

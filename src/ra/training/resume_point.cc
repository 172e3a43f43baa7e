#include "ra/training/resume_point.h"

#include <fmt/format.h>

#include <system_error>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/replay.h"
#include "ra/training/checkpoint_keeper.h"
#include "ra/training/training_log.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

void set_aside(const fs::path& path, const Error& reason) {
  const fs::path aside = path.string() + ".damaged";
  std::error_code failed;
  fs::rename(path, aside, failed);
  log::warning("a damaged checkpoint is not used{}: {}",
               failed ? "" : ", and set aside as '" + aside.filename().string() + "'", reason.what());
}

// The checkpoint at `path` if the run can go on from it.
std::optional<TrainingCheckpoint> read_if_usable(const fs::path& path, const fs::path& metrics) {
  if (!fs::exists(path)) return std::nullopt;
  std::optional<TrainingCheckpoint> checkpoint;
  try {
    checkpoint = read_training_checkpoint(path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    read_file(path);  // throws when it was not read at all: only what was read can be damaged
    set_aside(path, error);
    return std::nullopt;
  }
  if (!checkpoint->state) return std::nullopt;  // of a version that could not go on
  if (has_rows(metrics, checkpoint->state->metric_rows)) return checkpoint;
  log::warning("'{}' is passed over: '{}' has fewer than the {} rows that were logged when it was saved", path.string(),
               metrics.string(), checkpoint->state->metric_rows);
  return std::nullopt;
}

// A run that saved something is not begun anew: that would cost what it saved.
void require_nothing_saved(const fs::path& run_folder) {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(run_folder / "checkpoints", missing)) {
    const fs::path& path = entry.path();
    if (!fs::exists(path) || (path.extension() != ".pt" && path.extension() != ".damaged")) continue;
    throw Error(
        ErrorCode::kBadInput,
        fmt::format("the run in '{}' has saved '{}', but no state that it can go on from with its metrics.jsonl: "
                    "put the missing or damaged files back, or begin a new run, from a model of this one "
                    "(ra train CONFIG --output FOLDER --resume CHECKPOINT.pt) or in its place (--overwrite)",
                    run_folder.string(), path.filename().string()));
  }
}

}  // namespace

std::optional<TrainingCheckpoint> find_resume_point(const fs::path& run_folder) {
  const fs::path folder = run_folder / "checkpoints", metrics = run_folder / "metrics.jsonl";
  std::optional<TrainingCheckpoint> best = read_if_usable(folder / "best.pt", metrics), found;
  for (const SavedState& saved : saved_states(folder)) {
    if (best && best->state->position > saved.position) break;
    if ((found = read_if_usable(saved.path, metrics))) break;
  }
  if (!found && !best) require_nothing_saved(run_folder);
  if (!found) return best;
  Standing::Record& standing = found->state->standing;
  if (standing.best && (!best || best->epochs() != standing.best_epoch)) {
    log::warning("'{}' is not the best model of epoch {} any more, so the next epoch counts as the best",
                 (folder / "best.pt").string(), standing.best_epoch);
    standing.best.reset();
    standing.best_epoch = 0;
  }
  return found;
}

bool has_ended(const fs::path& run_folder, const TrainingCheckpoint& from, const TrainingOptions& options) {
  const TrainingPosition& position = from.state->position;
  const int epochs = static_cast<int>(position.epochs);
  if (position.steps > 0) return false;
  Standing standing(options);
  standing.restore(from.state->standing);
  if (epochs < options.warmup.epochs + options.epochs && !standing.patience_is_spent(epochs)) return false;
  if (!has_rows(run_folder / "metrics.jsonl", from.state->metric_rows + 1)) return false;
  const LoggedRows logged = read_metrics(run_folder / "metrics.jsonl");
  // A signal between the last step and the end makes a run that is complete end as one that was stopped.
  return exit_code_of(logged.rows.back()).value_or(0) == 0;
}

}  // namespace ra

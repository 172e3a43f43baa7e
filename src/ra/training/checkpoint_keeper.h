#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "ra/model/checkpoint.h"
#include "ra/training/run_state.h"
#include "ra/training/training_options.h"

namespace ra {

// A saved state of a run.
struct SavedState {
  TrainingPosition position;
  std::filesystem::path path;
};

// checkpoints/state_<finished epochs>_<steps>.pt
std::filesystem::path state_path(const std::filesystem::path& checkpoints, const TrainingPosition& position);
// Those in a folder, newest first.
std::vector<SavedState> saved_states(const std::filesystem::path& checkpoints);

// Writes the checkpoints of a run in a thread of its own: best.pt, the newest states, and latest.pt, a link to the
// newest. When nothing can be saved it warns, tries again, and gives up after the time that the options say. best.pt is
// always written before a later state, so that a state never speaks of a best epoch that is not there. Not for several
// threads.
class CheckpointKeeper {
 public:
  // `metrics`, the run's metrics.jsonl, reaches the disk before a state that counts its rows. `on_first_best` is
  // called once best.pt was saved.
  CheckpointKeeper(std::filesystem::path checkpoints, const CheckpointOptions& options, std::filesystem::path metrics,
                   std::function<void()> on_first_best = {});
  // Waits for the write in progress.
  ~CheckpointKeeper() = default;
  CheckpointKeeper(const CheckpointKeeper&) = delete;
  CheckpointKeeper& operator=(const CheckpointKeeper&) = delete;

  // Whether it is time to save a state, and one could be taken in.
  bool is_due() const;
  // Takes a state; it is dropped if it cannot be written, and another one is due a moment later.
  void save_state(const TrainingPosition& position, CheckpointValue content);
  // Takes the best model; it is kept until it is written or a better one comes.
  void save_best(CheckpointValue content);
  // Waits for the write in progress.
  void wait();
  // To be called often: begins to write what waits, notices what failed. kIo when it gives up.
  void poll();

  // Writes a last state, and everything that waits. A disk without room is tried again, `patiently` until it gives up
  // or a signal comes, otherwise once. kIo when something could not be written.
  void finish(const TrainingPosition& position, const std::function<CheckpointValue()>& content, bool patiently);

  std::filesystem::path best_path() const { return folder_ / "best.pt"; }
  std::filesystem::path latest_path() const { return folder_ / "latest.pt"; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::filesystem::path path;
    std::optional<TrainingPosition> position;  // of a state
    CheckpointValue content;
  };

  bool is_writing() const { return writing_.valid(); }
  void start_next();
  void take_result();
  void note_success(const Job& job);
  void note_failure(std::shared_ptr<Job> job, const std::exception& error);
  std::chrono::duration<double> retry_interval() const;

  std::filesystem::path folder_;
  CheckpointOptions options_;
  std::filesystem::path metrics_;
  std::function<void()> on_first_best_;
  std::shared_ptr<Job> best_, state_, job_;  // waiting, waiting, being written
  std::future<void> writing_;
  std::optional<TrainingPosition> saved_;
  bool keep_states_ = false;  // while finishing
  Clock::time_point due_, started_, next_try_ = Clock::now();
  std::optional<Clock::time_point> failing_since_;
};

}  // namespace ra

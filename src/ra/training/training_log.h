#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "ra/tracking/run_trackers.h"

namespace ra {

// The rows that a training logs, in order. A row that the disk does not take waits until it does, so that a full disk
// costs no row and stops no training. No row is lost silently: finish() fails while any waits.
class TrainingLog {
 public:
  // Begins a new metrics.jsonl; one that is there is emptied.
  explicit TrainingLog(TrackedRun run);
  // Goes on after its first `rows` rows and cuts off the others. kBadInput when it has fewer.
  TrainingLog(TrackedRun run, std::int64_t rows);

  void add(std::int64_t step, MetricRow row);
  // Tries again what waits; warns once when it has to wait.
  void flush();
  // kIo when rows still wait.
  void finish();
  // Logs that the run failed, so that sinks do not show it as running for ever. The failure itself matters more than a
  // log that cannot be written, so that is only warned of.
  void end_failed(int exit_code);

  // Logged so far, those that wait included.
  std::int64_t rows() const { return written_ + static_cast<std::int64_t>(waiting_.size()); }
  // The run's seconds, counted over all its starts.
  double runtime_seconds() const { return trackers_->runtime_seconds(); }

 private:
  void write_waiting();

  std::unique_ptr<RunTrackers> trackers_;
  std::int64_t written_ = 0;
  std::deque<std::pair<std::int64_t, MetricRow>> waiting_;
  bool warned_ = false;
};

// Whether metrics.jsonl has that many whole rows.
bool has_rows(const std::filesystem::path& metrics, std::int64_t rows);

}  // namespace ra

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ra/tracking/metrics_log.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/tracker.h"

namespace ra {

// Logs a run: to metrics.jsonl first, which is the truth, then to the sinks of its options. A sink that fails is warned
// of once and dropped; it never stops the run, and `ra track export` can make it later. Errors of metrics.jsonl itself
// (kIo) are the caller's; the row is then not written anywhere and can be given again.
class RunTrackers {
 public:
  // Goes on at the end of metrics.jsonl (a line that was not finished is cut off), or starts it. The sinks are made
  // again from what it holds. `_runtime` counts on from the largest in it, or from `least_runtime` if that is more: the
  // time after the last row, which the file does not know.
  explicit RunTrackers(TrackedRun run, double least_runtime = 0.0);
  // Goes on after the first `position` bytes of it, where an earlier RunTrackers stood, with `_runtime` counting on
  // from `runtime_seconds`. What was logged after that place is cut off everywhere. kBadInput when the file is shorter,
  // or damaged before that place.
  RunTrackers(TrackedRun run, std::int64_t position, double runtime_seconds);

  // A row of step `step` (the epoch), with `_step`, `_timestamp` and `_runtime` added. An example picture of this epoch
  // (tracking/replay.h) that exists by now goes with it, so write the picture first. Steps never fall.
  void row(std::int64_t step, const MetricRow& values);
  // A row at the step after the newest one.
  void row(const MetricRow& values);
  // What ra evaluate or a downstream task left in `folder` (results.json, sheet.png): a row that names the folder,
  // whose metrics, tables and picture go to the sinks.
  void evaluation(const std::filesystem::path& folder);
  // The run ended with this exit code. Without it (a crash) sinks show the run as unfinished.
  void finish(int exit_code);

  // Where metrics.jsonl stands; give both back to go on from here.
  std::int64_t position() const { return log_.position(); }
  double runtime_seconds() const { return log_.runtime_seconds(); }

 private:
  struct Sink {
    std::string name;
    std::unique_ptr<Tracker> tracker;
  };
  struct Place {
    std::int64_t position;
    double runtime_seconds;
  };

  RunTrackers(TrackedRun run, Place place);
  static Place end_of(const std::filesystem::path& metrics, double least_runtime);
  void start_sinks(const LoggedRows& logged);
  void write(std::int64_t step, const MetricRow& values);
  template <class Work>
  void for_each_sink(Work work);

  TrackedRun run_;
  MetricsLog log_;
  std::int64_t last_step_ = -1;
  bool started_ = false;
  std::vector<Sink> sinks_;
};

}  // namespace ra

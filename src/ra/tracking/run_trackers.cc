#include "ra/tracking/run_trackers.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "ra/base/log.h"
#include "ra/tracking/replay.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

fs::path metrics_of(const TrackedRun& run) { return run.folder / "metrics.jsonl"; }

void warn_of_dropped(const std::string& name, const std::exception& error) {
  log::warning(
      "tracking to {} failed and stops: {}. The run goes on, metrics.jsonl holds everything; 'ra track export RUN "
      "--{}' "
      "makes it later",
      name, error.what(), name);
}

}  // namespace

RunTrackers::RunTrackers(TrackedRun run, double least_runtime)
    : RunTrackers(run, end_of(metrics_of(run), least_runtime)) {}

RunTrackers::RunTrackers(TrackedRun run, std::int64_t position, double runtime_seconds)
    : RunTrackers(std::move(run), Place{position, runtime_seconds}) {}

RunTrackers::RunTrackers(TrackedRun run, Place place)
    : run_(std::move(run)), log_(MetricsLog::resume(metrics_of(run_), place.position, place.runtime_seconds)) {
  const LoggedRows logged = read_metrics(metrics_of(run_));
  if (logged.rows.empty()) return;
  last_step_ = logged.rows.back().step;
  start_sinks(logged);
}

RunTrackers::Place RunTrackers::end_of(const fs::path& metrics, double least_runtime) {
  if (!fs::exists(metrics)) return {0, least_runtime};
  const LoggedRows logged = read_metrics(metrics);
  for (const TrackedRow& row : logged.rows) least_runtime = std::max(least_runtime, row.runtime);
  return {logged.complete_bytes, least_runtime};
}

void RunTrackers::start_sinks(const LoggedRows& logged) {
  started_ = true;
  for (const std::string& name : run_.options.sinks) {
    try {
      sinks_.push_back({name, make_sink_of(name, run_.folder, run_, logged)});
    } catch (const std::exception& error) {
      warn_of_dropped(name, error);
    }
  }
}

template <class Work>
void RunTrackers::for_each_sink(Work work) {
  std::erase_if(sinks_, [&](Sink& sink) {
    try {
      work(*sink.tracker);
      return false;
    } catch (const std::exception& error) {
      warn_of_dropped(sink.name, error);
      return true;
    }
  });
}

void RunTrackers::write(std::int64_t step, const MetricRow& values) {
  MetricRow whole = values;
  whole.emplace_back("_step", step);
  const std::string line = log_.write(whole);
  if (!started_) {
    last_step_ = step;
    return start_sinks(read_metrics(metrics_of(run_)));
  }
  // Sinks see what the file holds: nulls for numbers that are not finite, UTF-8, the clocks.
  TrackedRow row = parse_metrics_line(line, last_step_);
  last_step_ = row.step;
  if (sinks_.empty()) return;
  if (const auto exit_code = exit_code_of(row)) return for_each_sink([&](Tracker& sink) { sink.finish(*exit_code); });
  add_files(row, run_);
  for_each_sink([&](Tracker& sink) { sink.row(row); });
}

void RunTrackers::row(std::int64_t step, const MetricRow& values) { write(step, values); }

void RunTrackers::row(const MetricRow& values) { write(last_step_ + 1, values); }

void RunTrackers::evaluation(const fs::path& folder) { row(evaluation_row(evaluation_name(run_.folder, folder))); }

void RunTrackers::finish(int exit_code) { write(std::max<std::int64_t>(last_step_, 0), end_row(exit_code)); }

}  // namespace ra

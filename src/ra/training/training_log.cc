#include "ra/training/training_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/tracking/metrics_reader.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// Bytes of the first `rows` lines; nullopt when there are fewer.
std::optional<std::size_t> size_of_rows(const std::string& text, std::int64_t rows) {
  std::size_t end = 0;
  for (std::int64_t k = 0; k < rows; ++k) {
    const std::size_t newline = text.find('\n', end);
    if (newline == std::string::npos) return std::nullopt;
    end = newline + 1;
  }
  return end;
}

// The largest `_runtime` of a text, those rows included that are going to be cut: their time was spent. A line that was
// not finished has none.
double largest_runtime(std::string_view text) {
  double largest = 0.0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
    try {
      largest = std::max(largest, parse_metrics_line(text.substr(begin, end - begin), -1).runtime);
    } catch (const Error&) {
      break;  // RunTrackers says what is damaged
    }
  }
  return largest;
}

std::unique_ptr<RunTrackers> trackers_after(TrackedRun run, std::int64_t rows) {
  const fs::path path = run.folder / "metrics.jsonl";
  const std::string text = rows == 0 || !fs::exists(path) ? "" : read_metrics_text(path);
  const std::optional<std::size_t> end = size_of_rows(text, rows);
  if (!end)
    throw Error(ErrorCode::kBadInput,
                fmt::format("'{}' has fewer than the {} rows that were logged", path.string(), rows));
  return std::make_unique<RunTrackers>(std::move(run), static_cast<std::int64_t>(*end), largest_runtime(text));
}

}  // namespace

TrainingLog::TrainingLog(TrackedRun run) : TrainingLog(std::move(run), 0) {}

TrainingLog::TrainingLog(TrackedRun run, std::int64_t rows)
    : trackers_(trackers_after(std::move(run), rows)), written_(rows) {}

void TrainingLog::add(std::int64_t step, MetricRow row) {
  waiting_.emplace_back(step, std::move(row));
  flush();
}

void TrainingLog::write_waiting() {
  while (!waiting_.empty()) {
    trackers_->row(waiting_.front().first, waiting_.front().second);
    waiting_.pop_front();
    ++written_;
  }
}

void TrainingLog::flush() {
  try {
    write_waiting();
    warned_ = false;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    if (!warned_) log::warning("{}; the row waits until it can be written", error.what());
    warned_ = true;
  }
}

void TrainingLog::finish() { write_waiting(); }

void TrainingLog::end_failed(int exit_code) {
  try {
    write_waiting();
    trackers_->finish(exit_code);
  } catch (const Error& error) {
    log::warning("the end of the run is not logged: {}", error.what());
  }
}

bool has_rows(const fs::path& metrics, std::int64_t rows) {
  return rows == 0 || (fs::exists(metrics) && size_of_rows(read_metrics_text(metrics), rows));
}

}  // namespace ra

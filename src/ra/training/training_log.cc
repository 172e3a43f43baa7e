#include "ra/training/training_log.h"

#include <fmt/format.h>

#include <optional>
#include <string>

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

// `_runtime` of the last of those lines.
double runtime_after(const std::string& text, std::size_t end) {
  if (end == 0) return 0.0;
  const std::size_t before = end < 2 ? std::string::npos : text.rfind('\n', end - 2);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return parse_metrics_line(std::string_view(text).substr(begin, end - 1 - begin), -1).runtime;
}

std::unique_ptr<RunTrackers> trackers_after(TrackedRun run, std::int64_t rows) {
  const fs::path path = run.folder / "metrics.jsonl";
  const std::string text = rows == 0 || !fs::exists(path) ? "" : read_metrics_text(path);
  const std::optional<std::size_t> end = size_of_rows(text, rows);
  if (!end)
    throw Error(ErrorCode::kBadInput,
                fmt::format("'{}' has fewer than the {} rows that were logged", path.string(), rows));
  return std::make_unique<RunTrackers>(std::move(run), static_cast<std::int64_t>(*end), runtime_after(text, *end));
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

bool has_rows(const fs::path& metrics, std::int64_t rows) {
  return rows == 0 || (fs::exists(metrics) && size_of_rows(read_metrics_text(metrics), rows));
}

}  // namespace ra

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ra {

// One value of a metrics row; monostate is null, and so is a number that is not finite.
using LoggedValue = std::variant<std::monostate, std::int64_t, double, std::string>;
using MetricRow = std::vector<std::pair<std::string, LoggedValue>>;

// metrics.jsonl: one JSON object a line, appended and flushed at once, so that a run that is killed keeps every
// finished epoch. `_timestamp` (seconds since 1970) and `_runtime` (seconds since the log was opened) are added to
// every row. kIo when the file cannot be written.
class MetricsLog {
 public:
  explicit MetricsLog(std::filesystem::path path);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  void write(const MetricRow& row);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace ra

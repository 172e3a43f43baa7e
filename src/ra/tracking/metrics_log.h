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
// finished epoch. `_timestamp` (seconds since 1970) and `_runtime` (seconds since the log was opened, and those of the
// log that it goes on with) are added to every row. kIo when the file cannot be written.
class MetricsLog {
 public:
  // Appends to what is there.
  explicit MetricsLog(std::filesystem::path path);
  // Goes on after the first `position` bytes, and cuts off what follows them. kBadInput when the file is shorter.
  static MetricsLog resume(std::filesystem::path path, std::int64_t position, double runtime_seconds);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  // Returns the line as it stands in the file, without its end. A row that does not fit on the disk leaves nothing of
  // itself behind, so that it can be written again.
  std::string write(const MetricRow& row);

  // Bytes in the file, all of them handed to the system.
  std::int64_t position() const { return position_; }
  // What `_runtime` of a row written now is.
  double runtime_seconds() const;

 private:
  MetricsLog(std::filesystem::path path, double runtime_seconds);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t position_ = 0;
  double runtime_before_ = 0.0;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace ra

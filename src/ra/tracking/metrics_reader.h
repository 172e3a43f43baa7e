#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ra/tracking/tracker.h"

namespace ra {

// A metrics.jsonl read back.
struct LoggedRows {
  std::vector<TrackedRow> rows;     // without pictures and tables
  std::string first_line;           // empty where there is none
  std::int64_t complete_bytes = 0;  // to the end of the last whole row
  bool torn = false;                // a row after that was not finished, and is left out
};

// kBadInput naming the file and the line when the file is missing or a line that is not the last is damaged.
LoggedRows read_metrics(const std::filesystem::path& path);

// The text of one, whole; kBadInput when it is missing, unreadable, or beyond all reason large.
std::string read_metrics_text(const std::filesystem::path& path);

// One line. `_step` of rows that have none (older files) is their `epoch`, or one more than `previous_step`. kBadInput
// with the reason.
TrackedRow parse_metrics_line(std::string_view line, std::int64_t previous_step);

}  // namespace ra

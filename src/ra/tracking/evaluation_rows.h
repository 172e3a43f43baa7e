#pragma once

#include <filesystem>
#include <string>

#include "ra/tracking/tracker.h"

namespace ra {

// Adds to `row` what an evaluation left in `folder`: the metrics of results.json as numbers, and with their intervals
// as a table; its curves as a table; sheet.png as a picture. `task` begins their names (docs/tracking.md lists them).
// kBadInput when results.json is missing or broken.
void add_evaluation(TrackedRow& row, const std::string& task, const std::filesystem::path& folder);

}  // namespace ra

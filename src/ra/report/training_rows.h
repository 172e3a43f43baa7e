#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ra/report/page_files.h"

namespace ra {

// What report and `ra watch` ask of the rows of metrics.jsonl.

// The newest finite value of a key; nullopt if there is none.
std::optional<double> newest_value(const std::vector<Json>& rows, const std::string& key);

// Keys of all rows that start with `prefix`, in order of their names, each once.
std::vector<std::string> keys_with(const std::vector<Json>& rows, const std::string& prefix);

// The newest row of an epoch (there are others, such as yardsticks); null if there is none.
const Json* last_epoch(const std::vector<Json>& rows);

}  // namespace ra

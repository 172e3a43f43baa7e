#include "ra/report/training_rows.h"

#include <set>

namespace ra {

std::optional<double> newest_value(const std::vector<Json>& rows, const std::string& key) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (const auto value = finite_number(*row, key.c_str())) return value;
  }
  return std::nullopt;
}

std::vector<std::string> keys_with(const std::vector<Json>& rows, const std::string& prefix) {
  std::set<std::string> keys;
  for (const Json& row : rows) {
    for (const auto& [key, value] : row.items()) {
      if (key.starts_with(prefix)) keys.insert(key);
    }
  }
  return {keys.begin(), keys.end()};
}

const Json* last_epoch(const std::vector<Json>& rows) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const std::string phase = text_of(*row, "phase");
    if (phase == "warmup" || phase == "introspective") return &*row;
  }
  return nullptr;
}

}  // namespace ra

#pragma once

#include <optional>
#include <string>
#include <utility>

namespace ra {

// A metric in strict mode: its value, or why the cases leave it undefined (never 0 or 1 in its place).
struct MetricValue {
  std::optional<double> value;
  std::string reason;  // empty where there is a value

  static MetricValue of(double value) { return {value, {}}; }
  static MetricValue undefined(std::string reason) { return {std::nullopt, std::move(reason)}; }
};

}  // namespace ra

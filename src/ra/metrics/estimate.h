#pragma once

#include <optional>
#include <string>

#include "ra/metrics/metric_value.h"

namespace ra {

// A two-sided confidence interval; low <= high.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// A metric with its uncertainty. `reason` says why there is no interval; it is empty where there is one.
struct Estimate {
  MetricValue metric;
  std::optional<Interval> interval;
  std::string reason;
};

// First minus second of two runs on the same cases, with a two-sided p-value of no difference.
struct Difference {
  MetricValue difference;
  std::optional<Interval> interval;
  std::optional<double> p_value;
  std::string reason;  // why interval and p-value are missing
};

}  // namespace ra

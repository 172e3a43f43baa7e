#include "ra/metrics/threshold.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "ra/base/error.h"

namespace ra {

std::optional<HealthyThreshold> healthy_threshold(std::span<const float> maps, double percent, int steps) {
  if (!(percent >= 0.0 && percent <= 100.0) || steps < 1) {
    throw Error(ErrorCode::kUsage, "a healthy threshold needs percent from 0 to 100 and at least 1 step");
  }
  if (maps.empty()) return std::nullopt;
  if (std::any_of(maps.begin(), maps.end(), [](float value) { return std::isnan(value); })) {
    throw Error(ErrorCode::kBadInput, "an anomaly map holds a value that is not a number");
  }
  const double total = static_cast<double>(maps.size());
  const auto allowed = static_cast<std::size_t>(percent * total / 100.0);
  // At most `allowed` values exceed t exactly if the next largest after them does not.
  float decisive = -INFINITY;
  if (allowed < maps.size()) {
    std::vector<float> values(maps.begin(), maps.end());
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(allowed);
    std::nth_element(values.begin(), place, values.end(), std::greater<>());
    decisive = *place;
  }
  for (int k = 0; k < steps; ++k) {
    const double candidate = static_cast<double>(k) / steps;
    const auto rounded = static_cast<float>(candidate);
    if (rounded < decisive) continue;
    const auto above = std::count_if(maps.begin(), maps.end(), [&](float value) { return value > rounded; });
    return HealthyThreshold{candidate, static_cast<double>(above) * 100.0 / total};
  }
  return HealthyThreshold{};
}

}  // namespace ra

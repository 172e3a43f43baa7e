#include "ra/transforms/percentile.h"

#include <algorithm>
#include <cmath>

namespace ra {

float percentile(std::vector<float> values, double q) {
  const double position = static_cast<double>(values.size() - 1) * (q / 100.0);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const auto lower = values.begin() + below;
  std::nth_element(values.begin(), lower, values.end());
  if (lower + 1 == values.end()) return *lower;
  const float a = *lower, b = *std::min_element(lower + 1, values.end());
  // NumPy works from the nearer end, with the weight rounded to float32.
  const double weight = position - static_cast<double>(below);
  const float step = b - a;
  return weight < 0.5 ? a + step * static_cast<float>(weight) : b - step * static_cast<float>(1.0 - weight);
}

}  // namespace ra

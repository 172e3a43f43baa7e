#include "ra/metrics/false_discovery.h"

#include <algorithm>
#include <numeric>

#include "ra/base/error.h"

namespace ra {

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  for (const double p : p_values) {
    if (!(p >= 0.0 && p <= 1.0)) throw Error(ErrorCode::kUsage, "a p-value must lie in [0,1]");
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  const double tests = static_cast<double>(p_values.size());
  double least = 1.0;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    least = std::min(least, p_values[order[rank - 1]] * tests / static_cast<double>(rank));
    adjusted[order[rank - 1]] = least;
  }
  return adjusted;
}

std::vector<std::uint8_t> false_discovery_decisions(std::span<const double> p_values, double rate) {
  if (!(rate > 0.0 && rate < 1.0)) throw Error(ErrorCode::kUsage, "a false discovery rate must lie between 0 and 1");
  std::vector<std::uint8_t> decisions;
  for (const double adjusted : benjamini_hochberg(p_values)) decisions.push_back(adjusted <= rate ? 1 : 0);
  return decisions;
}

}  // namespace ra

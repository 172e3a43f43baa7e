#include "ra/metrics/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"
#include "ra/metrics/normal_distribution.h"

namespace ra {

Estimate rate_estimate(std::int64_t successes, std::int64_t trials, double level) {
  if (successes < 0 || successes > trials) {
    throw Error(ErrorCode::kUsage, fmt::format("{} successes in {} trials", successes, trials));
  }
  if (trials == 0) return {MetricValue::undefined("no cases"), std::nullopt, "no cases"};
  const double n = static_cast<double>(trials), rate = static_cast<double>(successes) / n;
  const double z = normal_half_width(level), scale = 1.0 + z * z / n;
  const double centre = (rate + z * z / (2.0 * n)) / scale;
  const double half = z / scale * std::sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n));
  // At the ends the bound is the rate itself, which rounding may miss.
  const double low = successes == 0 ? 0.0 : std::max(0.0, centre - half);
  const double high = successes == trials ? 1.0 : std::min(1.0, centre + half);
  return {MetricValue::of(rate), Interval{low, high}, {}};
}

double mcnemar_p_value(std::int64_t only_first, std::int64_t only_second) {
  if (only_first < 0 || only_second < 0) throw Error(ErrorCode::kUsage, "McNemar's test needs counts from 0");
  const std::int64_t all = only_first + only_second, fewer = std::min(only_first, only_second);
  if (all == 0) return 1.0;
  const double n = static_cast<double>(all);
  double tail = 0.0;
  for (std::int64_t k = 0; k <= fewer; ++k) {
    const double taken = static_cast<double>(k);
    tail +=
        std::exp(std::lgamma(n + 1.0) - std::lgamma(taken + 1.0) - std::lgamma(n - taken + 1.0) - n * std::log(2.0));
  }
  return std::min(1.0, 2.0 * tail);
}

double mcnemar_p_value(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
  if (first.size() != second.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("{} and {} decisions cannot be paired", first.size(), second.size()));
  }
  std::int64_t only_first = 0, only_second = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    only_first += first[i] != 0 && second[i] == 0;
    only_second += first[i] == 0 && second[i] != 0;
  }
  return mcnemar_p_value(only_first, only_second);
}

}  // namespace ra

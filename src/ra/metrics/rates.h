#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ra/metrics/estimate.h"

namespace ra {

// A rate of independent cases (false positive rate, sensitivity at a threshold) with Wilson's score interval, which
// holds for few cases and for rates of 0 and 1. For several cases of one subject use bootstrap_mean(). Undefined
// without trials; successes outside [0, trials] are kUsage.
Estimate rate_estimate(std::int64_t successes, std::int64_t trials, double level = 0.95);

// McNemar's exact test of two rates on the same cases: the two-sided binomial p-value of the cases that only the
// first or only the second decided with 1. 1 if there are none.
double mcnemar_p_value(std::int64_t only_first, std::int64_t only_second);

// The same from the decisions, 0 or 1 a case; two lengths are kUsage.
double mcnemar_p_value(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second);

}  // namespace ra

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ra {

// Benjamini-Hochberg over a batch (JRSS B 1995): among the cases with adjusted p-value <= rate the expected share of
// healthy ones is at most `rate`. Conformal p-values that share their healthy scores depend on each other in a way
// that keeps this (Bates et al., 2023).

// min over the p-values p_(j) not below a case's own of p_(j) m / j; in the order given. p-values outside [0,1] are
// kUsage.
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

// 1 where the adjusted p-value is at most `rate`.
std::vector<std::uint8_t> false_discovery_decisions(std::span<const double> p_values, double rate);

}  // namespace ra

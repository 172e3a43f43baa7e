#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace ra {

// A two-sided confidence interval; low <= high.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// Percentile bootstrap interval of the AUROC at `level`: cases are drawn again with replacement within each
// class, `resamples` times; a function of the seed. Input as for auroc(); nullopt unless both classes are there.
std::optional<Interval> bootstrap_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                                 std::uint64_t seed, int resamples = 2000, double level = 0.95);

// Normal 95 % interval with DeLong's variance (DeLong et al., Biometrics 1988), cut to [0,1]. Zero wide where the
// classes separate perfectly. nullopt unless both classes have at least two cases.
std::optional<Interval> delong_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels);

}  // namespace ra

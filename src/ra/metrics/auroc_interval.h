#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ra/metrics/estimate.h"

namespace ra {

// Bootstrap interval of the AUROC at `level`: cases are drawn again with replacement within each class, `resamples`
// times; a function of the seed. Input as for auroc(); nullopt unless both classes have at least two cases.
// bootstrap_ranking() is the general form, with clusters and other metrics. Newcombe's interval where the classes
// separate perfectly and the resamples say nothing.
std::optional<Interval> bootstrap_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                                 std::uint64_t seed, int resamples = 2000, double level = 0.95);

// Interval with DeLong's variance (DeLong et al., Biometrics 1988), normal on the logit scale, which holds for few
// cases and high AUROCs, too; Newcombe's where the classes separate perfectly and DeLong's variance is 0. Takes cases
// as independent: with several of one subject use bootstrap_ranking(). nullopt unless both classes have at least two.
std::optional<Interval> delong_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                              double level = 0.95);

// Score interval that needs the AUROC and the class sizes alone (Newcombe, Statistics in Medicine 2006, method 5):
// for the ends, 0 and 1, where DeLong and the bootstrap have no width. Counts above 0 and auroc in [0,1], kUsage
// otherwise.
Interval newcombe_auroc_interval(double auroc, std::int64_t negatives, std::int64_t positives, double level = 0.95);

// AUROC with delong_auroc_interval(), or the reason why it is missing.
Estimate auroc_estimate(std::span<const double> scores, std::span<const std::uint8_t> labels, double level = 0.95);

// Difference of the AUROCs of two scores of the same cases with DeLong's covariance. No p-value where the difference
// has no variance (both separate perfectly, or the orders are equal).
Difference delong_difference(std::span<const double> first, std::span<const double> second,
                             std::span<const std::uint8_t> labels, double level = 0.95);

}  // namespace ra

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ra/base/random.h"

namespace ra {

// Two-sided p-value of a mean of 0 for differences between two runs on the same cases, by flipping the signs of whole
// clusters (cluster_ids as for cluster_cases()). All flips up to 16 clusters, which makes it exact; beyond, random
// ones drawn from the seed, the observed one included. NaN differences are left out; nullopt without differences.
std::optional<double> sign_flip_p_value(std::span<const double> differences,
                                        std::span<const std::int64_t> cluster_ids = {},
                                        std::uint64_t seed = kDefaultSeed, int permutations = 9999);

}  // namespace ra

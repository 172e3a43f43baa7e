#include "ra/metrics/sign_flip.h"

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/bootstrap.h"

namespace ra {
namespace {

constexpr std::size_t kMostForAllFlips = 16;
constexpr std::uint32_t kSignFlipStream = 1;  // the resamples of a bootstrap use 0

std::vector<double> cluster_sums(std::span<const double> differences, std::span<const std::int64_t> cluster_ids) {
  const Clustering clustering = cluster_cases(cluster_ids, std::vector<std::uint8_t>(differences.size()));
  std::vector<double> sums(clustering.size(), 0.0);
  std::vector<std::uint8_t> used(clustering.size(), 0);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (std::isnan(differences[i])) continue;
    sums[clustering.of_case[i]] += differences[i];
    used[clustering.of_case[i]] = 1;
  }
  std::vector<double> result;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    if (used[k] != 0) result.push_back(sums[k]);
  }
  return result;
}

}  // namespace

std::optional<double> sign_flip_p_value(std::span<const double> differences, std::span<const std::int64_t> cluster_ids,
                                        std::uint64_t seed, int permutations) {
  if (permutations < 1) throw Error(ErrorCode::kUsage, "permutations must be at least 1");
  const std::vector<double> sums = cluster_sums(differences, cluster_ids);
  if (sums.empty()) return std::nullopt;
  double observed = 0.0, scale = 0.0;
  for (const double sum : sums) {
    observed += sum;
    scale += std::abs(sum);
  }
  const double least = std::abs(observed) - 1e-12 * scale;  // ties must not be lost to rounding
  std::int64_t as_extreme = 0;
  if (sums.size() <= kMostForAllFlips) {
    const std::uint32_t flips = 1u << sums.size();
    for (std::uint32_t flip = 0; flip < flips; ++flip) {
      double sum = 0.0;
      for (std::size_t k = 0; k < sums.size(); ++k) sum += (flip >> k & 1u) != 0 ? -sums[k] : sums[k];
      if (std::abs(sum) >= least) ++as_extreme;
    }
    return static_cast<double>(as_extreme) / static_cast<double>(flips);
  }
  for (int i = 0; i < permutations; ++i) {
    CounterRandom random(seed, kSignFlipStream, static_cast<std::uint32_t>(i), Purpose::kBootstrap);
    double sum = 0.0;
    for (const double one : sums) sum += (random() & 1u) != 0 ? -one : one;
    if (std::abs(sum) >= least) ++as_extreme;
  }
  return static_cast<double>(1 + as_extreme) / static_cast<double>(1 + permutations);
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ra/base/random.h"
#include "ra/metrics/estimate.h"

namespace ra {

struct BootstrapOptions {
  std::uint64_t seed = kDefaultSeed;
  int resamples = 2000;
  double level = 0.95;  // of the two-sided interval

  void validate() const;  // kUsage with the field's name
};

// Cases that are not independent (slices of a subject) and are therefore drawn together.
struct Clustering {
  std::vector<std::uint32_t> of_case;      // the cluster of each case
  std::vector<std::uint8_t> has_positive;  // one a cluster

  std::size_t size() const { return has_positive.size(); }
};

// ids: one a case, equal ones belong together, numbered in ascending order; empty: every case is by itself.
// positive: one a case, non-zero for pathological. Two lengths are kUsage.
Clustering cluster_cases(std::span<const std::int64_t> ids, std::span<const std::uint8_t> positive);

// How often a resample draws each cluster: with replacement, as many of those with and of those without a positive
// case as there are, so that no resample loses a class. A function of seed, resample and the clustering alone:
// independent of threads, and the same for two runs on the same cases, which pairs their replicates.
class ClusterDraws {
 public:
  ClusterDraws(const Clustering& clustering, std::uint64_t seed);

  void draw(int resample, std::span<std::uint32_t> weights) const;

  // The size of the smaller kind that is there at all.
  std::size_t least_clusters() const;

  // Why resampling says nothing: fewer than two clusters of a kind. Empty if it does.
  std::string too_few() const;

 private:
  std::vector<std::uint32_t> with_positive_, without_positive_;
  std::uint64_t seed_;
};

// A metric of all cases and of every resample, in order of the resamples; NaN where a resample leaves it undefined.
struct Replicates {
  MetricValue estimate;
  std::vector<double> values;
  std::string reason;              // why there are no values
  std::size_t least_clusters = 0;  // of the kind, with or without positives, that has fewer
};

// The metrics of clusters that count as often as their weights; always the same metrics in the same order.
using WeightedMetrics = std::function<std::vector<MetricValue>(std::span<const std::uint32_t> cluster_weights)>;

// One entry a metric, all of the same resamples.
std::vector<Replicates> bootstrap(const Clustering& clustering, const WeightedMetrics& metrics,
                                  const BootstrapOptions& options);

// Mean of one value a case (Dice, SSIM, a difference between two runs, 0 or 1). NaN is left out as undefined.
Replicates bootstrap_mean(std::span<const double> values, std::span<const std::int64_t> cluster_ids,
                          const BootstrapOptions& options);

// Note [Expanded percentiles]. A percentile interval of n clusters is too narrow by sqrt((n-1)/n) and by what
// Student's t adds to the normal. As Hesterberg (The American Statistician 2015) proposes, the percentiles lie further
// out: at Phi(-g) with g = z sqrt(n/(n-1)) (1 + (z^2+1)/(4(n-1))), t's first-order expansion, n = least_clusters.

// Expanded percentile interval. None where more than 1 resample in 20 leaves the metric undefined, or where all
// resamples are equal (perfect separation, a rate of 0): then the bootstrap says nothing; see auroc_estimate() and
// rate_estimate().
Estimate estimate(const Replicates& replicates, double level = 0.95);

// First minus second, resample by resample: both from the same cases, clusters, seed and number of resamples. The
// p-value is twice the smaller share of resamples on one side of 0, the observed one included in both, corrected by
// Note [Expanded percentiles] as the interval is. Neither where the differences of all resamples are equal but for
// rounding (equal runs, or two that both separate perfectly): then the bootstrap says nothing.
Difference paired_difference(const Replicates& first, const Replicates& second, double level = 0.95);

}  // namespace ra

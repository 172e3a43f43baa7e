#include "ra/metrics/rank_bootstrap.h"

#include "ra/metrics/ranked_cases.h"

namespace ra {

std::vector<Replicates> bootstrap_ranking(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                          std::span<const std::int64_t> cluster_ids,
                                          std::span<const RankMetric> metrics, const BootstrapOptions& options) {
  const Clustering clustering = cluster_cases(cluster_ids, labels);
  const RankedCases cases(scores, labels, clustering.of_case);
  std::vector<RocStep> steps;
  const auto weighted = [&](std::span<const std::uint32_t> weights) {
    cases.weighted_steps(weights, steps);
    std::vector<MetricValue> values;
    for (const RankMetric metric : metrics) values.push_back(rank_metric(metric, steps));
    return values;
  };
  return bootstrap(clustering, weighted, options);
}

}  // namespace ra

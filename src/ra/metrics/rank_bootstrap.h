#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ra/metrics/bootstrap.h"
#include "ra/metrics/rank_metric.h"

namespace ra {

// Bootstrap of image-level metrics, one entry a metric. Input as for roc_steps() and cluster_cases(). The scores are
// sorted once.
std::vector<Replicates> bootstrap_ranking(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                          std::span<const std::int64_t> cluster_ids,
                                          std::span<const RankMetric> metrics, const BootstrapOptions& options);

}  // namespace ra

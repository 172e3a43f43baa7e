#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ra/metrics/metric_value.h"
#include "ra/metrics/roc.h"

namespace ra {

// Ranking metrics in strict mode. To add one: an enumerator, its name and its line in rank_metric().
enum class RankMetric { kAuroc, kAveragePrecision, kFprAt95Tpr, kFprAt99Tpr, kBestDice };

// The key in results: "auroc", "average_precision", "fpr_at_95_tpr", "fpr_at_99_tpr", "best_dice".
std::string_view to_string(RankMetric metric);

// Undefined, with the reason, unless both classes are there: average precision and best Dice are 1 without healthy
// cases whatever the scores are.
MetricValue rank_metric(RankMetric metric, std::span<const RocStep> steps);
MetricValue rank_metric(RankMetric metric, std::span<const double> scores, std::span<const std::uint8_t> labels);

}  // namespace ra

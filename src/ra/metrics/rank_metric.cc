#include "ra/metrics/rank_metric.h"

#include <optional>
#include <string>

#include "ra/base/error.h"
#include "ra/metrics/overlap.h"

namespace ra {

std::string_view to_string(RankMetric metric) {
  switch (metric) {
    case RankMetric::kAuroc:
      return "auroc";
    case RankMetric::kAveragePrecision:
      return "average_precision";
    case RankMetric::kFprAt95Tpr:
      return "fpr_at_95_tpr";
    case RankMetric::kFprAt99Tpr:
      return "fpr_at_99_tpr";
    case RankMetric::kBestDice:
      return "best_dice";
  }
  throw Error(ErrorCode::kUsage, "unknown ranking metric");
}

MetricValue rank_metric(RankMetric metric, std::span<const RocStep> steps) {
  if (const std::string_view reason = missing_class(steps); !reason.empty()) {
    return MetricValue::undefined(std::string(reason));
  }
  switch (metric) {
    case RankMetric::kAuroc:
      return {auroc(steps), {}};
    case RankMetric::kAveragePrecision:
      return {average_precision(steps), {}};
    case RankMetric::kFprAt95Tpr:
      return {fpr_at_tpr(steps, 0.95), {}};
    case RankMetric::kFprAt99Tpr:
      return {fpr_at_tpr(steps, 0.99), {}};
    case RankMetric::kBestDice:
      return best_dice(steps).dice;
  }
  throw Error(ErrorCode::kUsage, "unknown ranking metric");
}

MetricValue rank_metric(RankMetric metric, std::span<const double> scores, std::span<const std::uint8_t> labels) {
  return rank_metric(metric, roc_steps(scores, labels));
}

}  // namespace ra

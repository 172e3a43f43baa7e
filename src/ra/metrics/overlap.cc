#include "ra/metrics/overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra {

PixelConfusion& PixelConfusion::operator+=(const PixelConfusion& other) {
  true_positives += other.true_positives;
  false_positives += other.false_positives;
  false_negatives += other.false_negatives;
  true_negatives += other.true_negatives;
  return *this;
}

std::vector<std::uint8_t> threshold_mask(std::span<const float> values, double threshold) {
  if (std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); })) {
    throw Error(ErrorCode::kBadInput, "an anomaly map holds a value that is not a number");
  }
  const auto limit = static_cast<float>(threshold);
  std::vector<std::uint8_t> mask(values.size());
  std::transform(values.begin(), values.end(), mask.begin(),
                 [&](float value) { return static_cast<std::uint8_t>(value >= limit); });
  return mask;
}

PixelConfusion compare_masks(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
                             std::span<const std::uint8_t> counted) {
  if (predicted.size() != truth.size() || (!counted.empty() && counted.size() != truth.size())) {
    throw Error(ErrorCode::kUsage,
                fmt::format("masks of {}, {} and {} pixels", predicted.size(), truth.size(), counted.size()));
  }
  PixelConfusion confusion;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!counted.empty() && counted[i] == 0) continue;
    if (truth[i] != 0) {
      ++(predicted[i] != 0 ? confusion.true_positives : confusion.false_negatives);
    } else {
      ++(predicted[i] != 0 ? confusion.false_positives : confusion.true_negatives);
    }
  }
  return confusion;
}

MetricValue dice(const PixelConfusion& confusion) {
  const std::int64_t sizes = 2 * confusion.true_positives + confusion.false_positives + confusion.false_negatives;
  if (sizes == 0) return MetricValue::undefined("both masks are empty");
  return MetricValue::of(2.0 * static_cast<double>(confusion.true_positives) / static_cast<double>(sizes));
}

MetricValue intersection_over_union(const PixelConfusion& confusion) {
  const std::int64_t joint = confusion.true_positives + confusion.false_positives + confusion.false_negatives;
  if (joint == 0) return MetricValue::undefined("both masks are empty");
  return MetricValue::of(static_cast<double>(confusion.true_positives) / static_cast<double>(joint));
}

BestDice best_dice(std::span<const RocStep> steps) {
  if (steps.empty() || steps.back().true_positives == 0) return {MetricValue::undefined("no positives"), 0.0};
  BestDice best{MetricValue::of(-1.0), 0.0};
  for (const RocStep& step : steps) {
    const double sizes = static_cast<double>(step.true_positives + step.false_positives + steps.back().true_positives);
    const double value = 2.0 * static_cast<double>(step.true_positives) / sizes;
    if (value > *best.dice.value) best = {MetricValue::of(value), step.score};
  }
  return best;
}

}  // namespace ra

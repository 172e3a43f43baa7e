#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ra/metrics/metric_value.h"
#include "ra/metrics/roc.h"

namespace ra {

// Pixels of a predicted mask against the truth.
struct PixelConfusion {
  std::int64_t true_positives = 0, false_positives = 0, false_negatives = 0, true_negatives = 0;

  PixelConfusion& operator+=(const PixelConfusion& other);
};

// Masks are [rows][columns], any non-zero value is inside.

// 1 where a value is at least float32(threshold), as localization keeps it; a NaN is kBadInput.
std::vector<std::uint8_t> threshold_mask(std::span<const float> values, double threshold);

// Pixels where `counted` is zero are left out; an empty `counted` counts all. Two sizes are kUsage.
PixelConfusion compare_masks(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
                             std::span<const std::uint8_t> counted = {});

// 2 TP / (2 TP + FP + FN), and TP / (TP + FP + FN). Undefined if both masks are empty; 0 if only one is, so that a
// mean over images should leave out those with an empty truth.
MetricValue dice(const PixelConfusion& confusion);
MetricValue intersection_over_union(const PixelConfusion& confusion);

// The largest Dice over all thresholds, pooled over what the steps pool, and the largest threshold that has it.
struct BestDice {
  MetricValue dice;  // undefined without positives
  double threshold = 0.0;
};
BestDice best_dice(std::span<const RocStep> steps);

}  // namespace ra

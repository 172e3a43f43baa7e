#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ra {

// One distinct score, with how many cases of each class lie at it or above it.
struct RocStep {
  double score = 0.0;
  std::int64_t false_positives = 0;
  std::int64_t true_positives = 0;
};

// Ranking metrics as the paper reports them, of image scores or of any steps (pixels pooled in bins, resampled
// cases). scores: larger is more anomalous; labels: 1 for pathological, 0 for healthy, of the same length. Tied
// scores count as one step. A NaN score is kBadInput with its index, two lengths or another label kUsage. nullopt
// where the labels leave a metric undefined; rank_metric.h has the strict versions, with reasons.

// The steps in descending order of the score; empty without cases.
std::vector<RocStep> roc_steps(std::span<const double> scores, std::span<const std::uint8_t> labels);

// Why the steps do not hold both classes; empty if they do.
std::string_view missing_class(std::span<const RocStep> steps);

// Probability that a pathological case scores above a healthy one, ties counting half. Needs both classes.
std::optional<double> auroc(std::span<const RocStep> steps);
std::optional<double> auroc(std::span<const double> scores, std::span<const std::uint8_t> labels);

// Sum over the steps of precision times the gain of recall. Needs a pathological case; 1 without healthy ones.
std::optional<double> average_precision(std::span<const RocStep> steps);
std::optional<double> average_precision(std::span<const double> scores, std::span<const std::uint8_t> labels);

// False positive rate at the first point of the ROC curve whose true positive rate is at least `target`. As
// scikit-learn's roc_curve does, inner points whose second differences are both zero are left out first, so that
// under ties the rate can exceed the true minimum. Needs both classes.
std::optional<double> fpr_at_tpr(std::span<const RocStep> steps, double target = 0.95);
std::optional<double> fpr_at_tpr(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                 double target = 0.95);

}  // namespace ra

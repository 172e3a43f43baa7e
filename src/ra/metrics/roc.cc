#include "ra/metrics/roc.h"

#include "ra/metrics/ranked_cases.h"

namespace ra {
namespace {

// The steps that scikit-learn keeps: the first, the last, and every one at which the curve bends.
std::vector<RocStep> without_collinear(std::span<const RocStep> steps) {
  if (steps.size() <= 2) return {steps.begin(), steps.end()};
  std::vector<RocStep> kept{steps.front()};
  for (std::size_t i = 1; i + 1 < steps.size(); ++i) {
    const RocStep &a = steps[i - 1], &b = steps[i], &c = steps[i + 1];
    if (c.false_positives - b.false_positives != b.false_positives - a.false_positives ||
        c.true_positives - b.true_positives != b.true_positives - a.true_positives) {
      kept.push_back(b);
    }
  }
  kept.push_back(steps.back());
  return kept;
}

}  // namespace

std::vector<RocStep> roc_steps(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  return RankedCases(scores, labels).steps();
}

std::string_view missing_class(std::span<const RocStep> steps) {
  if (steps.empty()) return "nothing to rank";
  if (steps.back().true_positives == 0) return "no positives, only negatives";
  if (steps.back().false_positives == 0) return "no negatives, only positives";
  return {};
}

std::optional<double> auroc(std::span<const RocStep> steps) {
  if (!missing_class(steps).empty()) return std::nullopt;
  // Twice the area in units of one pair of cases: exact to 2^53 pairs, and no overflow with pixels.
  double doubled = 0.0;
  RocStep before;
  for (const RocStep& step : steps) {
    doubled += static_cast<double>(step.false_positives - before.false_positives) *
               static_cast<double>(step.true_positives + before.true_positives);
    before = step;
  }
  return doubled / (2.0 * static_cast<double>(before.false_positives) * static_cast<double>(before.true_positives));
}

std::optional<double> average_precision(std::span<const RocStep> steps) {
  if (steps.empty() || steps.back().true_positives == 0) return std::nullopt;
  double sum = 0.0;
  std::int64_t before = 0;
  for (const RocStep& step : steps) {
    const double precision =
        static_cast<double>(step.true_positives) / static_cast<double>(step.true_positives + step.false_positives);
    sum += static_cast<double>(step.true_positives - before) * precision;
    before = step.true_positives;
  }
  return sum / static_cast<double>(before);
}

std::optional<double> fpr_at_tpr(std::span<const RocStep> steps, double target) {
  if (!missing_class(steps).empty()) return std::nullopt;
  const double positives = static_cast<double>(steps.back().true_positives);
  const double negatives = static_cast<double>(steps.back().false_positives);
  if (target <= 0.0) return 0.0;
  for (const RocStep& step : without_collinear(steps)) {
    if (static_cast<double>(step.true_positives) / positives >= target) {
      return static_cast<double>(step.false_positives) / negatives;
    }
  }
  return 1.0;
}

std::optional<double> auroc(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  return auroc(roc_steps(scores, labels));
}

std::optional<double> average_precision(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  return average_precision(roc_steps(scores, labels));
}

std::optional<double> fpr_at_tpr(std::span<const double> scores, std::span<const std::uint8_t> labels, double target) {
  return fpr_at_tpr(roc_steps(scores, labels), target);
}

}  // namespace ra

#include "ra/metrics/roc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ra/base/error.h"

namespace ra {
namespace {

void check(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  if (scores.size() != labels.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("{} scores but {} labels", scores.size(), labels.size()));
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) {
      throw Error(ErrorCode::kBadInput, fmt::format("score {} is not a number; leave the case out or score it", i));
    }
    if (labels[i] > 1) {
      throw Error(ErrorCode::kUsage, fmt::format("label {} is {}; use 0 or 1", i, static_cast<int>(labels[i])));
    }
  }
}

// The steps that scikit-learn keeps: the first, the last, and every one at which the curve bends.
std::vector<RocStep> without_collinear(const std::vector<RocStep>& steps) {
  if (steps.size() <= 2) return steps;
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
  check(scores, labels);
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<RocStep> steps;
  for (const std::size_t i : order) {
    if (steps.empty() || scores[i] != steps.back().score) {
      RocStep next = steps.empty() ? RocStep{} : steps.back();
      next.score = scores[i];
      steps.push_back(next);
    }
    ++(labels[i] == 1 ? steps.back().true_positives : steps.back().false_positives);
  }
  return steps;
}

std::optional<double> auroc(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  const std::vector<RocStep> steps = roc_steps(scores, labels);
  if (steps.empty() || steps.back().false_positives == 0 || steps.back().true_positives == 0) return std::nullopt;
  std::int64_t doubled = 0;  // twice the area in units of one pair of cases
  RocStep before;
  for (const RocStep& step : steps) {
    doubled += (step.false_positives - before.false_positives) * (step.true_positives + before.true_positives);
    before = step;
  }
  return static_cast<double>(doubled) /
         (2.0 * static_cast<double>(before.false_positives) * static_cast<double>(before.true_positives));
}

std::optional<double> average_precision(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  const std::vector<RocStep> steps = roc_steps(scores, labels);
  if (steps.empty() || steps.back().true_positives == 0) return std::nullopt;
  double sum = 0.0;
  std::int64_t before = 0;
  for (const RocStep& step : steps) {
    const double precision = static_cast<double>(step.true_positives) /
                             static_cast<double>(step.true_positives + step.false_positives);
    sum += static_cast<double>(step.true_positives - before) * precision;
    before = step.true_positives;
  }
  return sum / static_cast<double>(before);
}

std::optional<double> fpr_at_tpr(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                 double target) {
  const std::vector<RocStep> steps = without_collinear(roc_steps(scores, labels));
  if (steps.empty() || steps.back().false_positives == 0 || steps.back().true_positives == 0) return std::nullopt;
  const double positives = static_cast<double>(steps.back().true_positives);
  const double negatives = static_cast<double>(steps.back().false_positives);
  if (target <= 0.0) return 0.0;
  for (const RocStep& step : steps) {
    if (static_cast<double>(step.true_positives) / positives >= target) {
      return static_cast<double>(step.false_positives) / negatives;
    }
  }
  return 1.0;
}

}  // namespace ra

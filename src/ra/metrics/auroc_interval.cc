#include "ra/metrics/auroc_interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/metrics/roc.h"

namespace ra {
namespace {

// Linear interpolation between order statistics, as numpy.percentile.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// Draws a class again with replacement: how many of the drawn cases have each distinct score.
void resample(const std::vector<std::uint32_t>& step_of_case, CounterRandom& random,
              std::vector<std::int64_t>& counts) {
  std::fill(counts.begin(), counts.end(), 0);
  const auto total = static_cast<std::uint32_t>(step_of_case.size());
  for (std::uint32_t i = 0; i < total; ++i) ++counts[step_of_case[random.below(total)]];
}

// For every case of a class, which distinct score (descending) it has.
std::vector<std::uint32_t> steps_of_class(const std::vector<RocStep>& steps, std::int64_t RocStep::*cumulated) {
  std::vector<std::uint32_t> result;
  std::int64_t before = 0;
  for (std::uint32_t k = 0; k < steps.size(); ++k) {
    result.insert(result.end(), static_cast<std::size_t>(steps[k].*cumulated - before), k);
    before = steps[k].*cumulated;
  }
  return result;
}

double area(const std::vector<std::int64_t>& negatives, const std::vector<std::int64_t>& positives) {
  std::int64_t doubled = 0, seen = 0, negatives_seen = 0;
  for (std::size_t k = 0; k < negatives.size(); ++k) {
    doubled += negatives[k] * (2 * seen + positives[k]);
    seen += positives[k];
    negatives_seen += negatives[k];
  }
  return static_cast<double>(doubled) / (2.0 * static_cast<double>(seen) * static_cast<double>(negatives_seen));
}

// For each of `cases`, the share of `others` below it, ties counting half.
std::vector<double> placements(const std::vector<double>& cases, std::vector<double> others) {
  std::sort(others.begin(), others.end());
  std::vector<double> result;
  for (const double value : cases) {
    const auto [low, high] = std::equal_range(others.begin(), others.end(), value);
    const double below = static_cast<double>(low - others.begin()), ties = static_cast<double>(high - low);
    result.push_back((below + 0.5 * ties) / static_cast<double>(others.size()));
  }
  return result;
}

// Sample variance divided by the number of values.
double variance_of_mean(const std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / (count - 1.0) / count;
}

}  // namespace

std::optional<Interval> bootstrap_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                                 std::uint64_t seed, int resamples, double level) {
  if (resamples < 2 || !(level > 0.0 && level < 1.0)) {
    throw Error(ErrorCode::kUsage, "a bootstrap needs at least 2 resamples and a level between 0 and 1");
  }
  const std::vector<RocStep> steps = roc_steps(scores, labels);
  const auto healthy = steps_of_class(steps, &RocStep::false_positives);
  const auto ill = steps_of_class(steps, &RocStep::true_positives);
  if (healthy.empty() || ill.empty()) return std::nullopt;
  std::vector<std::int64_t> negatives(steps.size()), positives(steps.size());
  std::vector<double> areas;
  for (int i = 0; i < resamples; ++i) {
    CounterRandom random(seed, 0, static_cast<std::uint32_t>(i), Purpose::kBootstrap);
    resample(healthy, random, negatives);
    resample(ill, random, positives);
    areas.push_back(area(negatives, positives));
  }
  std::sort(areas.begin(), areas.end());
  return Interval{quantile(areas, (1.0 - level) / 2.0), quantile(areas, (1.0 + level) / 2.0)};
}

std::optional<Interval> delong_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  const std::optional<double> estimate = auroc(scores, labels);
  std::vector<double> healthy, ill;
  for (std::size_t i = 0; i < scores.size(); ++i) (labels[i] == 1 ? ill : healthy).push_back(scores[i]);
  if (!estimate || healthy.size() < 2 || ill.size() < 2) return std::nullopt;
  constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975
  const double variance = variance_of_mean(placements(ill, healthy)) + variance_of_mean(placements(healthy, ill));
  const double half = kNormalQuantile * std::sqrt(variance);
  return Interval{std::max(0.0, *estimate - half), std::min(1.0, *estimate + half)};
}

}  // namespace ra

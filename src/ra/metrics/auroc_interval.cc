#include "ra/metrics/auroc_interval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/normal_distribution.h"
#include "ra/metrics/rank_bootstrap.h"

namespace ra {
namespace {

// For each case the share of the other class that it beats, ties counting half: a mean of them is the AUROC.
struct Placements {
  std::vector<double> of_positives;  // share of negatives below
  std::vector<double> of_negatives;  // share of positives above
};

Placements placements(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  std::vector<double> negatives, positives;
  for (std::size_t i = 0; i < scores.size(); ++i) (labels[i] == 1 ? positives : negatives).push_back(scores[i]);
  std::sort(negatives.begin(), negatives.end());
  std::sort(positives.begin(), positives.end());
  const auto share_below = [](const std::vector<double>& sorted, double value) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), value);
    const double below = static_cast<double>(low - sorted.begin()), ties = static_cast<double>(high - low);
    return (below + 0.5 * ties) / static_cast<double>(sorted.size());
  };
  Placements result;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (labels[i] == 1) {
      result.of_positives.push_back(share_below(negatives, scores[i]));
    } else {
      result.of_negatives.push_back(1.0 - share_below(positives, scores[i]));
    }
  }
  return result;
}

// Sample covariance divided by the number of values.
double covariance_of_means(const std::vector<double>& a, const std::vector<double>& b) {
  const double count = static_cast<double>(a.size());
  double mean_a = 0.0, mean_b = 0.0, products = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  for (std::size_t i = 0; i < a.size(); ++i) products += (a[i] - mean_a) * (b[i] - mean_b);
  return products / (count - 1.0) / count;
}

double delong_covariance(const Placements& a, const Placements& b) {
  return covariance_of_means(a.of_positives, b.of_positives) + covariance_of_means(a.of_negatives, b.of_negatives);
}

bool has_two_of_each(std::span<const std::uint8_t> labels) {
  const auto positives = std::count(labels.begin(), labels.end(), 1);
  return positives >= 2 && static_cast<std::ptrdiff_t>(labels.size()) - positives >= 2;
}

bool is_at_an_end(double area) { return area == 0.0 || area == 1.0; }

Interval newcombe(double area, std::span<const std::uint8_t> labels, double level) {
  const auto positives = static_cast<std::int64_t>(std::count(labels.begin(), labels.end(), 1));
  return newcombe_auroc_interval(area, static_cast<std::int64_t>(labels.size()) - positives, positives, level);
}

constexpr const char* kTooFew = "fewer than two cases of a class";

}  // namespace

std::optional<Interval> bootstrap_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                                 std::uint64_t seed, int resamples, double level) {
  constexpr std::array<RankMetric, 1> kMetrics = {RankMetric::kAuroc};
  const BootstrapOptions options{seed, resamples, level};
  const Estimate result = estimate(bootstrap_ranking(scores, labels, {}, kMetrics, options).front(), level);
  if (!result.metric.value || !has_two_of_each(labels)) return std::nullopt;
  return is_at_an_end(*result.metric.value) ? newcombe(*result.metric.value, labels, level) : result.interval;
}

std::optional<Interval> delong_auroc_interval(std::span<const double> scores, std::span<const std::uint8_t> labels,
                                              double level) {
  const std::optional<double> area = auroc(scores, labels);
  if (!area || !has_two_of_each(labels)) return std::nullopt;
  if (is_at_an_end(*area)) return newcombe(*area, labels, level);
  const Placements own = placements(scores, labels);
  const double slope = 1.0 / (*area * (1.0 - *area));  // of the logit
  const double half = normal_half_width(level) * slope * std::sqrt(delong_covariance(own, own));
  const double logit = std::log(*area / (1.0 - *area));
  return Interval{1.0 / (1.0 + std::exp(half - logit)), 1.0 / (1.0 + std::exp(-half - logit))};
}

Interval newcombe_auroc_interval(double auroc, std::int64_t negatives, std::int64_t positives, double level) {
  if (!(auroc >= 0.0 && auroc <= 1.0) || negatives < 1 || positives < 1) {
    throw Error(ErrorCode::kUsage, "an AUROC interval needs an AUROC in [0,1] and cases of both classes");
  }
  const double m = static_cast<double>(negatives), n = static_cast<double>(positives), mean = (m + n) / 2.0;
  const double z = normal_half_width(level);
  const auto inside = [&](double truth) {
    const double factor = 2.0 * mean - 1.0 - 3.0 * (mean - 1.0) / ((2.0 - truth) * (1.0 + truth));
    const double variance = truth * (1.0 - truth) * factor / (m * n);
    return (auroc - truth) * (auroc - truth) <= z * z * variance;
  };
  // The interval is where `inside` holds; bisection from the estimate outwards.
  const auto bound = [&](double outside) {
    double within = auroc, beyond = outside;
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (within + beyond);
      (inside(middle) ? within : beyond) = middle;
    }
    return within;
  };
  return {bound(0.0), bound(1.0)};
}

Estimate auroc_estimate(std::span<const double> scores, std::span<const std::uint8_t> labels, double level) {
  const MetricValue area = rank_metric(RankMetric::kAuroc, scores, labels);
  if (!area.value) return {area, std::nullopt, area.reason};
  if (!has_two_of_each(labels)) return {area, std::nullopt, kTooFew};
  return {area, delong_auroc_interval(scores, labels, level), {}};
}

Difference delong_difference(std::span<const double> first, std::span<const double> second,
                             std::span<const std::uint8_t> labels, double level) {
  const MetricValue a = rank_metric(RankMetric::kAuroc, first, labels);
  const MetricValue b = rank_metric(RankMetric::kAuroc, second, labels);
  if (!a.value) return {a, std::nullopt, std::nullopt, a.reason};
  const double difference = *a.value - *b.value;
  const MetricValue metric = MetricValue::of(difference);
  if (!has_two_of_each(labels)) return {metric, std::nullopt, std::nullopt, kTooFew};
  const Placements of_first = placements(first, labels), of_second = placements(second, labels);
  const double variance = delong_covariance(of_first, of_first) + delong_covariance(of_second, of_second) -
                          2.0 * delong_covariance(of_first, of_second);
  constexpr double kRounding = 1e-20;
  if (variance <= kRounding) return {metric, std::nullopt, std::nullopt, "the difference has no variance"};
  const double error = std::sqrt(variance), half = normal_half_width(level) * error;
  return {metric,
          Interval{std::max(-1.0, difference - half), std::min(1.0, difference + half)},
          normal_two_sided_p_value(difference / error),
          {}};
}

}  // namespace ra

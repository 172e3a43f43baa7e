#include "ra/metrics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ra/base/error.h"
#include "ra/metrics/normal_distribution.h"

namespace ra {
namespace {

// Linear interpolation between order statistics, as numpy.percentile.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> sorted_numbers(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::sort(values.begin(), values.end());
  return values;
}

// Why the defined ones of `all` replicates do not make an interval; empty if they do.
std::string too_many_undefined(std::size_t defined, std::size_t all) {
  if (defined * 20 >= all * 19) return {};
  return fmt::format("undefined in {} of {} resamples", all - defined, all);
}

constexpr const char* kAllEqual = "all resamples are equal";

// Whether resamples differ by no more than the rounding of values of size `scale`.
bool are_equal(const std::vector<double>& sorted, double scale) {
  return sorted.back() - sorted.front() <= 1e-12 * scale;
}

// g of Note [Expanded percentiles]; ascending in z.
double expanded(double z, std::size_t clusters) {
  const double n = static_cast<double>(clusters);
  return z * std::sqrt(n / (n - 1.0)) * (1.0 + (z * z + 1.0) / (4.0 * (n - 1.0)));
}

Interval expanded_interval(const std::vector<double>& sorted, double level, std::size_t clusters) {
  const double tail = normal_distribution(-expanded(normal_half_width(level), clusters));
  return {quantile(sorted, tail), quantile(sorted, 1.0 - tail)};
}

// The two-sided p-value of a share of resamples beyond 0: where expanded_interval() would just touch 0.
double expanded_p_value(double tail, std::size_t clusters) {
  if (tail >= 0.5) return 1.0;
  const double reached = -normal_quantile(tail);
  double low = 0.0, high = reached;  // g(z) >= z
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (expanded(middle, clusters) < reached ? low : high) = middle;
  }
  return normal_two_sided_p_value(low);
}

void check_level(double level) {
  if (!(level > 0.0 && level < 1.0)) throw Error(ErrorCode::kUsage, "level must lie between 0 and 1");
}

}  // namespace

void BootstrapOptions::validate() const {
  if (resamples < 2) throw Error(ErrorCode::kUsage, "resamples must be at least 2");
  check_level(level);
}

Clustering cluster_cases(std::span<const std::int64_t> ids, std::span<const std::uint8_t> positive) {
  if (!ids.empty() && ids.size() != positive.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("{} cluster ids for {} cases", ids.size(), positive.size()));
  }
  std::vector<std::int64_t> distinct(ids.begin(), ids.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  Clustering clustering;
  clustering.has_positive.assign(ids.empty() ? positive.size() : distinct.size(), 0);
  for (std::size_t i = 0; i < positive.size(); ++i) {
    const std::size_t cluster =
        ids.empty()
            ? i
            : static_cast<std::size_t>(std::lower_bound(distinct.begin(), distinct.end(), ids[i]) - distinct.begin());
    clustering.of_case.push_back(static_cast<std::uint32_t>(cluster));
    if (positive[i] != 0) clustering.has_positive[cluster] = 1;
  }
  return clustering;
}

ClusterDraws::ClusterDraws(const Clustering& clustering, std::uint64_t seed) : seed_(seed) {
  for (std::uint32_t i = 0; i < clustering.size(); ++i) {
    (clustering.has_positive[i] != 0 ? with_positive_ : without_positive_).push_back(i);
  }
}

void ClusterDraws::draw(int resample, std::span<std::uint32_t> weights) const {
  std::fill(weights.begin(), weights.end(), 0u);
  CounterRandom random(seed_, 0, static_cast<std::uint32_t>(resample), Purpose::kBootstrap);
  for (const std::vector<std::uint32_t>* kind : {&without_positive_, &with_positive_}) {
    const auto count = static_cast<std::uint32_t>(kind->size());
    for (std::uint32_t i = 0; i < count; ++i) ++weights[(*kind)[random.below(count)]];
  }
}

std::size_t ClusterDraws::least_clusters() const {
  if (with_positive_.empty()) return without_positive_.size();
  if (without_positive_.empty()) return with_positive_.size();
  return std::min(with_positive_.size(), without_positive_.size());
}

std::string ClusterDraws::too_few() const {
  const std::size_t all = with_positive_.size() + without_positive_.size();
  if (all == 0) return "no cases";
  if (all == 1) return "only one independent case or subject";
  if (with_positive_.size() == 1) return "only one independent case or subject with positives";
  if (without_positive_.size() == 1) return "only one independent case or subject without positives";
  return {};
}

std::vector<Replicates> bootstrap(const Clustering& clustering, const WeightedMetrics& metrics,
                                  const BootstrapOptions& options) {
  options.validate();
  const ClusterDraws draws(clustering, options.seed);
  std::vector<std::uint32_t> weights(clustering.size(), 1);
  std::vector<Replicates> result;
  for (MetricValue& metric : metrics(weights))
    result.push_back({std::move(metric), {}, draws.too_few(), draws.least_clusters()});
  if (!draws.too_few().empty()) return result;
  for (int r = 0; r < options.resamples; ++r) {
    draws.draw(r, weights);
    const std::vector<MetricValue> values = metrics(weights);
    for (std::size_t k = 0; k < result.size(); ++k) {
      result[k].values.push_back(values[k].value.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
  }
  return result;
}

Replicates bootstrap_mean(std::span<const double> values, std::span<const std::int64_t> cluster_ids,
                          const BootstrapOptions& options) {
  const Clustering clustering = cluster_cases(cluster_ids, std::vector<std::uint8_t>(values.size()));
  std::vector<double> sums(clustering.size()), counts(clustering.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    sums[clustering.of_case[i]] += values[i];
    counts[clustering.of_case[i]] += 1.0;
  }
  const auto mean = [&](std::span<const std::uint32_t> weights) -> std::vector<MetricValue> {
    double sum = 0.0, count = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      sum += weights[k] * sums[k];
      count += weights[k] * counts[k];
    }
    return {count > 0.0 ? MetricValue::of(sum / count) : MetricValue::undefined("no case has a value")};
  };
  return bootstrap(clustering, mean, options).front();
}

Estimate estimate(const Replicates& replicates, double level) {
  check_level(level);
  if (!replicates.estimate.value) return {replicates.estimate, std::nullopt, replicates.estimate.reason};
  if (!replicates.reason.empty()) return {replicates.estimate, std::nullopt, replicates.reason};
  const std::vector<double> sorted = sorted_numbers(replicates.values);
  const std::string reason = too_many_undefined(sorted.size(), replicates.values.size());
  if (!reason.empty() || sorted.empty()) return {replicates.estimate, std::nullopt, reason};
  if (are_equal(sorted, std::max(std::abs(sorted.front()), std::abs(sorted.back())))) {
    return {replicates.estimate, std::nullopt, kAllEqual};
  }
  return {replicates.estimate, expanded_interval(sorted, level, replicates.least_clusters), {}};
}

Difference paired_difference(const Replicates& first, const Replicates& second, double level) {
  check_level(level);
  if (first.values.size() != second.values.size()) {
    throw Error(ErrorCode::kUsage, "a paired difference needs two bootstraps of the same cases and resamples");
  }
  for (const Replicates* side : {&first, &second}) {
    if (!side->estimate.value) return {side->estimate, std::nullopt, std::nullopt, side->estimate.reason};
  }
  const MetricValue difference = MetricValue::of(*first.estimate.value - *second.estimate.value);
  if (first.values.empty()) return {difference, std::nullopt, std::nullopt, first.reason};
  std::vector<double> differences;
  double scale = 0.0;
  for (std::size_t i = 0; i < first.values.size(); ++i) {
    differences.push_back(first.values[i] - second.values[i]);
    scale = std::max({scale, std::abs(first.values[i]), std::abs(second.values[i])});
  }
  const std::vector<double> sorted = sorted_numbers(differences);
  const std::string reason = too_many_undefined(sorted.size(), differences.size());
  if (!reason.empty() || sorted.empty()) return {difference, std::nullopt, std::nullopt, reason};
  if (are_equal(sorted, scale)) return {difference, std::nullopt, std::nullopt, kAllEqual};
  const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), 0.0);
  const auto not_above = static_cast<double>(high - sorted.begin()),
             not_below = static_cast<double>(sorted.end() - low);
  const double tail = (1.0 + std::min(not_above, not_below)) / (1.0 + static_cast<double>(sorted.size()));
  return {difference,
          expanded_interval(sorted, level, first.least_clusters),
          expanded_p_value(tail, first.least_clusters),
          {}};
}

}  // namespace ra

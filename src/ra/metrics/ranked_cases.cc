#include "ra/metrics/ranked_cases.h"

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

}  // namespace

RankedCases::RankedCases(std::span<const double> scores, std::span<const std::uint8_t> labels,
                         std::span<const std::uint32_t> cluster_of_case) {
  check(scores, labels);
  if (!cluster_of_case.empty() && cluster_of_case.size() != scores.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("{} scores but {} clusters", scores.size(), cluster_of_case.size()));
  }
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  for (const std::uint32_t i : order) {
    if (ties_.empty() || scores[i] != ties_.back().score) ties_.push_back({scores[i], clusters_.size()});
    clusters_.push_back(cluster_of_case.empty() ? i : cluster_of_case[i]);
    labels_.push_back(labels[i]);
    ties_.back().end = clusters_.size();
    cluster_count_ = std::max<std::size_t>(cluster_count_, clusters_.back() + std::size_t{1});
  }
}

std::vector<RocStep> RankedCases::steps() const {
  std::vector<RocStep> steps;
  weighted_steps(std::vector<std::uint32_t>(cluster_count_, 1), steps);
  return steps;
}

void RankedCases::weighted_steps(std::span<const std::uint32_t> cluster_weights, std::vector<RocStep>& steps) const {
  if (cluster_weights.size() < cluster_count_) throw Error(ErrorCode::kUsage, "every cluster needs a weight");
  steps.clear();
  std::int64_t all = 0, positives = 0;
  std::size_t i = 0;
  for (const Tie& tie : ties_) {
    const std::int64_t before = all;
    for (; i < tie.end; ++i) {
      const std::int64_t weight = cluster_weights[clusters_[i]];
      all += weight;
      positives += weight * labels_[i];
    }
    if (all > before) steps.push_back({tie.score, all - positives, positives});
  }
}

}  // namespace ra

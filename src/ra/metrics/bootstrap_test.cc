#include "ra/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/metrics/random_cases.h"
#include "ra/metrics/rank_bootstrap.h"

namespace ra {
namespace {

constexpr std::array<RankMetric, 3> kMetrics = {RankMetric::kAuroc, RankMetric::kAveragePrecision,
                                                RankMetric::kFprAt95Tpr};

double width(const Estimate& one) { return one.interval->high - one.interval->low; }

std::vector<double> normal_values(std::uint32_t index, int count) {
  CounterRandom random(13, 0, index, Purpose::kShuffle);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(random.normal());
  return values;
}

TEST(ClusterCases, NumbersIdsInAscendingOrder) {
  const std::vector<std::int64_t> ids{7, -2, 7, 100};
  const std::vector<std::uint8_t> positive{0, 0, 1, 0};
  const Clustering clustering = cluster_cases(ids, positive);
  EXPECT_EQ(clustering.of_case, (std::vector<std::uint32_t>{1, 0, 1, 2}));
  EXPECT_EQ(clustering.has_positive, (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(cluster_cases({}, positive).of_case, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_THROW(cluster_cases(ids, std::vector<std::uint8_t>{1}), Error);
}

TEST(ClusterDraws, KeepTheNumberOfClustersWithAndWithoutPositives) {
  const std::vector<std::uint8_t> positive{0, 1, 0, 0, 1, 0, 0};
  const ClusterDraws draws(cluster_cases({}, positive), 3);
  std::vector<std::uint32_t> weights(7), totals(7);
  for (int r = 0; r < 700; ++r) {
    draws.draw(r, weights);
    EXPECT_EQ(weights[1] + weights[4], 2u);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0u), 7u);
    for (std::size_t k = 0; k < 7; ++k) totals[k] += weights[k];
  }
  for (const std::uint32_t total : totals) EXPECT_NEAR(total, 700.0, 120.0);
}

TEST(Bootstrap, IsAFunctionOfSeedAndResampleAlone) {
  const Cases cases = random_cases(1, 60, 1.0);
  const auto first = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 100});
  const auto again = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 100});
  const auto longer = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 150});
  const auto other = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {6, 100});
  EXPECT_EQ(first[0].values, again[0].values);
  EXPECT_TRUE(std::equal(first[1].values.begin(), first[1].values.end(), longer[1].values.begin()));
  EXPECT_NE(first[0].values, other[0].values);
}

TEST(Bootstrap, HoldsTheEstimateForEveryMetricAndGrowsWithTheLevel) {
  const Cases cases = random_cases(11, 80, 1.0);
  for (const Replicates& replicates : bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 1000})) {
    const Estimate wide = estimate(replicates, 0.95), narrow = estimate(replicates, 0.5);
    EXPECT_LE(wide.interval->low, *wide.metric.value);
    EXPECT_GE(wide.interval->high, *wide.metric.value);
    EXPECT_LT(width(narrow), width(wide));
  }
}

TEST(Bootstrap, OfClustersIgnoresTheOrderOfCases) {
  Cases cases = random_cases(2, 90, 1.0);
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 90; ++i) ids.push_back(i * 7 % 31);
  const auto before = bootstrap_ranking(cases.scores, cases.labels, ids, kMetrics, {5, 50});
  std::reverse(cases.scores.begin(), cases.scores.end());
  std::reverse(cases.labels.begin(), cases.labels.end());
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(bootstrap_ranking(cases.scores, cases.labels, ids, kMetrics, {5, 50})[1].values, before[1].values);
}

TEST(Bootstrap, IsNotFooledByCopiesOfACaseInOneCluster) {
  const Cases cases = random_cases(3, 100, 1.0, 1e-9);
  Cases copies;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < 100; ++i) {
    for (int k = 0; k < 9; ++k) {
      copies.scores.push_back(cases.scores[i]);
      copies.labels.push_back(cases.labels[i]);
      ids.push_back(static_cast<std::int64_t>(i));
    }
  }
  const BootstrapOptions options{5, 500};
  const auto single = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, options);
  const auto clustered = bootstrap_ranking(copies.scores, copies.labels, ids, kMetrics, options);
  const auto naive = bootstrap_ranking(copies.scores, copies.labels, {}, kMetrics, options);
  for (std::size_t i = 0; i < 500; ++i) EXPECT_NEAR(single[0].values[i], clustered[0].values[i], 1e-12);
  EXPECT_GT(width(estimate(clustered[0])), 2.0 * width(estimate(naive[0])));
}

TEST(Bootstrap, HasNoIntervalFromOneIndependentCaseOfAClass) {
  const std::vector<double> scores{1.0, 2.0, 3.0, 4.0};
  const std::vector<std::uint8_t> labels{0, 0, 0, 1};
  const Estimate one_ill = estimate(bootstrap_ranking(scores, labels, {}, kMetrics, {5, 50})[0]);
  EXPECT_EQ(one_ill.metric.value, 1.0);
  EXPECT_FALSE(one_ill.interval);
  EXPECT_EQ(one_ill.reason, "only one independent case or subject with positives");
  const std::vector<std::uint8_t> healthy{0, 0, 0, 0};
  const Estimate undefined = estimate(bootstrap_ranking(scores, healthy, {}, kMetrics, {5, 50})[0]);
  EXPECT_FALSE(undefined.metric.value);
  EXPECT_EQ(undefined.reason, "no positives, only negatives");
  EXPECT_FALSE(estimate(bootstrap_ranking({}, {}, {}, kMetrics, {5, 50})[0]).metric.value);
}

TEST(Bootstrap, HasNoIntervalWhereManyResamplesAreUndefined) {
  const std::vector<double> values{1.0, NAN, NAN, NAN, NAN};
  const Estimate one = estimate(bootstrap_mean(values, {}, {5, 200}));
  EXPECT_EQ(one.metric.value, 1.0);
  EXPECT_FALSE(one.interval);
  EXPECT_NE(one.reason.find("undefined in"), std::string::npos);
}

TEST(Bootstrap, HasNoIntervalWhereAllResamplesAreEqual) {
  const Estimate none_flagged = estimate(bootstrap_mean(std::vector<double>(30, 0.0), {}, {5, 100}));
  EXPECT_EQ(none_flagged.metric.value, 0.0);
  EXPECT_FALSE(none_flagged.interval);
  EXPECT_EQ(none_flagged.reason, "all resamples are equal");
}

TEST(Bootstrap, IsWiderThanPercentilesForFewClusters) {
  // The replicates 0, 1, .. 1000 make percentiles readable.
  Replicates replicates{MetricValue::of(500.0), std::vector<double>(1001), {}, 1000000};
  std::iota(replicates.values.begin(), replicates.values.end(), 0.0);
  EXPECT_NEAR(estimate(replicates).interval->low, 25.0, 0.01);
  replicates.least_clusters = 30;
  EXPECT_NEAR(estimate(replicates).interval->low, 18.8, 0.2);  // 2.079 = t(29) sqrt(30 / 29)
  replicates.least_clusters = 2;
  EXPECT_NEAR(estimate(replicates).interval->low, 0.0, 0.01);
}

TEST(PairedDifference, HasAPValueThatAgreesWithItsInterval) {
  Replicates first{MetricValue::of(0.0), {}, {}, 12}, zero{MetricValue::of(0.0), std::vector<double>(1001), {}, 12};
  for (int offset = 400; offset < 500; ++offset) {
    first.values.clear();
    for (int i = -500; i <= 500; ++i) first.values.push_back(i + offset);
    const double p = *paired_difference(first, zero).p_value;
    if (std::abs(p - 0.05) < 0.008) continue;  // within two resamples
    EXPECT_EQ(p < 0.05, paired_difference(first, zero).interval->low > 0.0) << offset;
  }
}

TEST(Bootstrap, RefusesBadOptions) {
  EXPECT_THROW(bootstrap_mean(std::vector<double>{1.0, 2.0}, {}, {5, 1}), Error);
  EXPECT_THROW(bootstrap_mean(std::vector<double>{1.0, 2.0}, {}, {5, 10, 1.0}), Error);
}

TEST(BootstrapMean, HasTheWidthOfANormalInterval) {
  const std::vector<double> values = normal_values(1, 400);
  const Estimate one = estimate(bootstrap_mean(values, {}, {5, 2000}));
  EXPECT_NEAR(*one.metric.value, std::accumulate(values.begin(), values.end(), 0.0) / 400.0, 1e-12);
  EXPECT_NEAR(width(one), 2.0 * 1.96 / 20.0, 0.03);
}

TEST(PairedDifference, IsNotCertainWhereAllResamplesAreEqual) {
  const Cases cases = random_cases(4, 60, 1.0);
  const auto own = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 200});
  const Difference none = paired_difference(own[0], own[0]);
  EXPECT_EQ(none.difference.value, 0.0);
  EXPECT_FALSE(none.interval);
  EXPECT_FALSE(none.p_value);
  EXPECT_EQ(none.reason, "all resamples are equal");
  std::vector<double> values = normal_values(1, 60), shifted = values;
  for (double& value : shifted) value += 0.1;
  const Difference shift =
      paired_difference(bootstrap_mean(shifted, {}, {5, 200}), bootstrap_mean(values, {}, {5, 200}));
  EXPECT_NEAR(*shift.difference.value, 0.1, 1e-12);
  EXPECT_FALSE(shift.interval) << "equal but for rounding";
  EXPECT_FALSE(shift.p_value);
}

TEST(PairedDifference, ChangesItsSignWithTheRunsAndFindsTheBetterOne) {
  const Cases cases = random_cases(5, 200, 1.5, 1e-9);
  std::vector<double> worse = normal_values(2, 200);
  for (std::size_t i = 0; i < 200; ++i) worse[i] += 0.5 * cases.scores[i];
  const auto a = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 1000});
  const auto b = bootstrap_ranking(worse, cases.labels, {}, kMetrics, {5, 1000});
  const Difference forth = paired_difference(a[0], b[0]), back = paired_difference(b[0], a[0]);
  EXPECT_NEAR(forth.interval->low, -back.interval->high, 1e-12);
  EXPECT_EQ(forth.p_value, back.p_value);
  EXPECT_LT(*forth.p_value, 0.01);
  EXPECT_GT(*forth.p_value, 2.0 / 1001.0);
  EXPECT_GT(*forth.p_value < 0.05 ? forth.interval->low : 0.0, 0.0);
  const Difference delong = delong_difference(cases.scores, worse, cases.labels);
  EXPECT_NEAR(forth.interval->low, delong.interval->low, 0.02);
  EXPECT_NEAR(forth.interval->high, delong.interval->high, 0.02);
}

TEST(PairedDifference, CarriesReasonsAndRefusesUnequalResamples) {
  const Cases cases = random_cases(6, 30, 1.0);
  const auto a = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 50});
  const auto b = bootstrap_ranking(cases.scores, cases.labels, {}, kMetrics, {5, 60});
  EXPECT_THROW(paired_difference(a[0], b[0]), Error);
  const Replicates undefined{MetricValue::undefined("no cases"), std::vector<double>(50), {}, 10};
  EXPECT_EQ(paired_difference(a[0], undefined).reason, "no cases");
  EXPECT_FALSE(paired_difference(a[0], undefined).p_value);
}

}  // namespace
}  // namespace ra

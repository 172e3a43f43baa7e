#include "ra/metrics/rank_metric.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "ra/metrics/overlap.h"
#include "ra/metrics/random_cases.h"
#include "ra/metrics/ranked_cases.h"

namespace ra {
namespace {

constexpr std::array<RankMetric, 5> kAll = {RankMetric::kAuroc, RankMetric::kAveragePrecision, RankMetric::kFprAt95Tpr,
                                            RankMetric::kFprAt99Tpr, RankMetric::kBestDice};

TEST(RankMetric, IsUndefinedWithAReasonUnlessBothClassesAreThere) {
  const std::vector<double> scores{0.1, 0.2};
  const std::vector<std::uint8_t> healthy{0, 0}, ill{1, 1};
  for (const RankMetric metric : kAll) {
    EXPECT_EQ(rank_metric(metric, scores, healthy).reason, "no positives, only negatives");
    EXPECT_EQ(rank_metric(metric, scores, ill).reason, "no negatives, only positives");
    EXPECT_FALSE(rank_metric(metric, scores, ill).value) << to_string(metric);
    EXPECT_FALSE(rank_metric(metric, {}).value);
  }
}

TEST(RankMetric, AgreesWithPaperModeWhereDefined) {
  const Cases cases = random_cases(4, 70, 1.0);
  const auto value = [&](RankMetric metric) { return rank_metric(metric, cases.scores, cases.labels).value; };
  EXPECT_EQ(value(RankMetric::kAuroc), auroc(cases.scores, cases.labels));
  EXPECT_EQ(value(RankMetric::kAveragePrecision), average_precision(cases.scores, cases.labels));
  EXPECT_EQ(value(RankMetric::kFprAt99Tpr), fpr_at_tpr(cases.scores, cases.labels, 0.99));
}

TEST(RankMetric, StaysInBoundsAndIgnoresOrderAndMonotoneMaps) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Cases cases = random_cases(i, 40, 0.5);
    Cases changed = cases;
    std::reverse(changed.scores.begin(), changed.scores.end());
    std::reverse(changed.labels.begin(), changed.labels.end());
    for (double& score : changed.scores) score = std::atan(score) * 3.0;
    for (const RankMetric metric : kAll) {
      const double value = *rank_metric(metric, cases.scores, cases.labels).value;
      EXPECT_GE(value, 0.0);
      EXPECT_LE(value, 1.0);
      EXPECT_EQ(value, *rank_metric(metric, changed.scores, changed.labels).value) << to_string(metric);
    }
  }
}

TEST(RankMetric, HasItsBestForPerfectScores) {
  const Cases cases = random_cases(5, 50, 100.0);
  EXPECT_EQ(rank_metric(RankMetric::kAuroc, cases.scores, cases.labels).value, 1.0);
  EXPECT_EQ(rank_metric(RankMetric::kAveragePrecision, cases.scores, cases.labels).value, 1.0);
  EXPECT_EQ(rank_metric(RankMetric::kFprAt95Tpr, cases.scores, cases.labels).value, 0.0);
  EXPECT_EQ(rank_metric(RankMetric::kBestDice, cases.scores, cases.labels).value, 1.0);
}

TEST(RankMetric, HasDistinctNames) {
  std::set<std::string_view> names;
  for (const RankMetric metric : kAll) names.insert(to_string(metric));
  EXPECT_EQ(names.size(), kAll.size());
}

TEST(BestDice, EqualsASearchOverAllThresholds) {
  const Cases cases = random_cases(6, 90, 0.8);
  double best = 0.0;
  for (const double threshold : cases.scores) {
    PixelConfusion confusion;
    for (std::size_t i = 0; i < cases.scores.size(); ++i) {
      const bool kept = cases.scores[i] >= threshold, ill = cases.labels[i] == 1;
      confusion.true_positives += kept && ill;
      confusion.false_positives += kept && !ill;
      confusion.false_negatives += !kept && ill;
    }
    best = std::max(best, *dice(confusion).value);
  }
  EXPECT_EQ(*best_dice(roc_steps(cases.scores, cases.labels)).dice.value, best);
}

TEST(RankedCases, WeighsACaseAsIfItWereRepeated) {
  const Cases cases = random_cases(7, 60, 1.0);
  std::vector<std::uint32_t> clusters;
  for (std::uint32_t i = 0; i < 60; ++i) clusters.push_back(i % 13);
  const std::vector<std::uint32_t> weights{0, 1, 2, 0, 3, 1, 0, 1, 1, 4, 0, 0, 1};
  Cases repeated;
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::uint32_t k = 0; k < weights[clusters[i]]; ++k) {
      repeated.scores.push_back(cases.scores[i]);
      repeated.labels.push_back(cases.labels[i]);
    }
  }
  std::vector<RocStep> steps;
  RankedCases(cases.scores, cases.labels, clusters).weighted_steps(weights, steps);
  const std::vector<RocStep> expected = roc_steps(repeated.scores, repeated.labels);
  ASSERT_EQ(steps.size(), expected.size());
  for (std::size_t k = 0; k < steps.size(); ++k) {
    EXPECT_EQ(steps[k].score, expected[k].score);
    EXPECT_EQ(steps[k].false_positives, expected[k].false_positives);
    EXPECT_EQ(steps[k].true_positives, expected[k].true_positives);
  }
}

}  // namespace
}  // namespace ra

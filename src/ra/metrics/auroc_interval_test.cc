#include "ra/metrics/auroc_interval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/random_cases.h"
#include "ra/metrics/roc.h"

namespace ra {
namespace {

TEST(BootstrapInterval, HoldsTheEstimateAndIsAFunctionOfTheSeed) {
  const Cases cases = random_cases(11, 60, 1.0);
  const Interval interval = *bootstrap_auroc_interval(cases.scores, cases.labels, 5);
  const double estimate = *auroc(cases.scores, cases.labels);
  EXPECT_LT(interval.low, estimate);
  EXPECT_GT(interval.high, estimate);
  const Interval again = *bootstrap_auroc_interval(cases.scores, cases.labels, 5);
  EXPECT_EQ(interval.low, again.low);
  EXPECT_EQ(interval.high, again.high);
  const Interval narrow = *bootstrap_auroc_interval(cases.scores, cases.labels, 5, 2000, 0.5);
  EXPECT_LT(narrow.high - narrow.low, interval.high - interval.low);
}

TEST(BootstrapInterval, AgreesWithDeLong) {
  const Cases cases = random_cases(12, 400, 1.0, 1e-6);
  const Interval bootstrap = *bootstrap_auroc_interval(cases.scores, cases.labels, 5);
  const Interval delong = *delong_auroc_interval(cases.scores, cases.labels);
  EXPECT_NEAR(bootstrap.low, delong.low, 0.01);
  EXPECT_NEAR(bootstrap.high, delong.high, 0.01);
}

TEST(DeLongInterval, CoversTheTruthAboutNinetyFiveTimesInAHundred) {
  const double truth = 0.5 * std::erfc(-0.5);  // normal scores one apart: Phi(1/sqrt 2)
  int covered = 0;
  constexpr int kTrials = 400;
  for (std::uint32_t i = 0; i < kTrials; ++i) {
    const Cases cases = random_cases(1000 + i, 120, 1.0, 1e-9);
    const Interval interval = *delong_auroc_interval(cases.scores, cases.labels);
    covered += interval.low <= truth && truth <= interval.high;
  }
  EXPECT_NEAR(static_cast<double>(covered) / kTrials, 0.95, 0.035);
}

TEST(Intervals, AreUndefinedWithOneClass) {
  const std::vector<double> scores{0.1, 0.2, 0.3};
  const std::vector<std::uint8_t> healthy{0, 0, 0}, one_ill{0, 0, 1};
  EXPECT_FALSE(bootstrap_auroc_interval(scores, healthy, 1));
  EXPECT_FALSE(delong_auroc_interval(scores, healthy));
  EXPECT_FALSE(delong_auroc_interval(scores, one_ill));
  EXPECT_FALSE(bootstrap_auroc_interval(scores, one_ill, 1));
  EXPECT_EQ(auroc_estimate(scores, healthy).reason, "no positives, only negatives");
  EXPECT_EQ(auroc_estimate(scores, one_ill).metric.value, 1.0);
  EXPECT_EQ(auroc_estimate(scores, one_ill).reason, "fewer than two cases of a class");
}

TEST(DeLongInterval, GrowsWithTheLevelAndIsMirroredByNegation) {
  Cases cases = random_cases(14, 90, 1.0);
  const Interval wide = *delong_auroc_interval(cases.scores, cases.labels, 0.99);
  const Interval usual = *delong_auroc_interval(cases.scores, cases.labels);
  EXPECT_GT(wide.high - wide.low, usual.high - usual.low);
  for (double& score : cases.scores) score = -score;
  EXPECT_NEAR(delong_auroc_interval(cases.scores, cases.labels)->low, 1.0 - usual.high, 1e-12);
}

TEST(NewcombeInterval, HoldsTheEstimateAndHasWidthAtTheEnds) {
  for (const double area : {0.0, 0.2, 0.5, 0.93, 1.0}) {
    const Interval interval = newcombe_auroc_interval(area, 30, 20);
    EXPECT_LE(interval.low, area);
    EXPECT_GE(interval.high, area);
    EXPECT_GT(interval.high - interval.low, 0.05);
    const Interval mirrored = newcombe_auroc_interval(1.0 - area, 30, 20);
    EXPECT_NEAR(mirrored.low, 1.0 - interval.high, 1e-12);
    const Interval of_more = newcombe_auroc_interval(area, 300, 200);
    EXPECT_LT(of_more.high - of_more.low, interval.high - interval.low);
  }
  EXPECT_THROW(newcombe_auroc_interval(1.5, 3, 3), Error);
  EXPECT_THROW(newcombe_auroc_interval(0.5, 0, 3), Error);
}

TEST(AurocEstimate, IsNotCertainAfterPerfectSeparation) {
  const Cases cases = random_cases(15, 40, 100.0);
  const Estimate perfect = auroc_estimate(cases.scores, cases.labels);
  EXPECT_EQ(perfect.metric.value, 1.0);
  EXPECT_EQ(perfect.interval->high, 1.0);
  EXPECT_LT(perfect.interval->low, 0.97);
  const Cases usual = random_cases(16, 40, 1.0);
  EXPECT_EQ(auroc_estimate(usual.scores, usual.labels).interval->low,
            delong_auroc_interval(usual.scores, usual.labels)->low);
}

TEST(DeLongDifference, IsAntisymmetricAndIgnoresMonotoneMaps) {
  const Cases first = random_cases(17, 120, 1.0);
  std::vector<double> second = random_cases(18, 120, 0.0).scores, mapped = first.scores;
  for (std::size_t i = 0; i < 120; ++i) second[i] += first.scores[i];
  for (double& score : mapped) score = std::exp(score);
  const Difference forth = delong_difference(first.scores, second, first.labels);
  const Difference back = delong_difference(second, first.scores, first.labels);
  EXPECT_NEAR(*forth.difference.value, -*back.difference.value, 1e-15);
  EXPECT_NEAR(forth.interval->low, -back.interval->high, 1e-12);
  EXPECT_NEAR(*forth.p_value, *back.p_value, 1e-12);
  EXPECT_EQ(*delong_difference(mapped, second, first.labels).p_value, *forth.p_value);
  const Difference none = delong_difference(first.scores, mapped, first.labels);
  EXPECT_EQ(none.difference.value, 0.0);
  EXPECT_FALSE(none.p_value);
  EXPECT_EQ(none.reason, "the difference has no variance");
}

}  // namespace
}  // namespace ra

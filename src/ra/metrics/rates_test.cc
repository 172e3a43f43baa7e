#include "ra/metrics/rates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/normal_distribution.h"

namespace ra {
namespace {

TEST(NormalQuantile, InvertsTheDistribution) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_half_width(0.95), 1.959963984540054, 1e-14);
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  for (const double p : {1e-12, 1e-5, 0.02, 0.3, 0.5, 0.7, 0.999}) {
    EXPECT_NEAR(0.5 * std::erfc(-normal_quantile(p) / std::sqrt(2.0)) / p, 1.0, 1e-12) << p;
    EXPECT_NEAR(normal_quantile(p), -normal_quantile(1.0 - p), 1e-4);
  }
  EXPECT_NEAR(normal_two_sided_p_value(-1.959963984540054), 0.05, 1e-14);
  EXPECT_THROW(normal_quantile(0.0), Error);
  EXPECT_THROW(normal_half_width(1.0), Error);
}

TEST(WilsonInterval, HoldsTheRateAndIsMirrored) {
  for (std::int64_t trials = 1; trials < 60; trials += 7) {
    for (std::int64_t successes = 0; successes <= trials; ++successes) {
      const Estimate one = rate_estimate(successes, trials), other = rate_estimate(trials - successes, trials);
      EXPECT_LE(one.interval->low, *one.metric.value);
      EXPECT_GE(one.interval->high, *one.metric.value);
      EXPECT_GT(one.interval->high - one.interval->low, 0.0);
      EXPECT_NEAR(one.interval->low, 1.0 - other.interval->high, 1e-12);
    }
  }
}

TEST(WilsonInterval, HasTheKnownBoundsOfEightInTen) {
  const Estimate one = rate_estimate(8, 10);
  EXPECT_NEAR(one.interval->low, 0.4901625, 1e-7);
  EXPECT_NEAR(one.interval->high, 0.9433178, 1e-7);
}

TEST(WilsonInterval, CoversEveryTrueRateByExactSummation) {
  double mean = 0.0;
  int rates = 0;
  for (double rate = 0.02; rate < 0.985; rate += 0.02, ++rates) {
    double covered = 0.0;
    for (int k = 0; k <= 50; ++k) {
      const Interval interval = *rate_estimate(k, 50).interval;
      if (interval.low > rate || rate > interval.high) continue;
      covered += std::exp(std::lgamma(51.0) - std::lgamma(k + 1.0) - std::lgamma(51.0 - k) + k * std::log(rate) +
                          (50 - k) * std::log(1.0 - rate));
    }
    EXPECT_GT(covered, 0.9) << rate;
    mean += covered;
  }
  EXPECT_NEAR(mean / rates, 0.95, 0.01);
}

TEST(WilsonInterval, IsUndefinedWithoutCases) {
  EXPECT_EQ(rate_estimate(0, 0).reason, "no cases");
  EXPECT_FALSE(rate_estimate(0, 0).metric.value);
  EXPECT_THROW(rate_estimate(3, 2), Error);
  EXPECT_THROW(rate_estimate(-1, 2), Error);
}

TEST(McNemar, IsTheExactBinomialTest) {
  EXPECT_NEAR(mcnemar_p_value(0, 6), 2.0 / 64.0, 1e-12);
  EXPECT_NEAR(mcnemar_p_value(1, 4), 2.0 * 6.0 / 32.0, 1e-12);
  EXPECT_EQ(mcnemar_p_value(5, 5), 1.0);
  EXPECT_EQ(mcnemar_p_value(0, 0), 1.0);
  EXPECT_EQ(mcnemar_p_value(3, 11), mcnemar_p_value(11, 3));
  EXPECT_GT(mcnemar_p_value(4900, 5100), 0.04);
  EXPECT_LT(mcnemar_p_value(4900, 5100), 0.05);
  EXPECT_THROW(mcnemar_p_value(-1, 3), Error);
}

TEST(McNemar, LooksOnlyAtCasesThatDiffer) {
  const std::vector<std::uint8_t> first{1, 1, 0, 0, 1, 1, 1}, second{1, 0, 0, 1, 0, 0, 0};
  EXPECT_EQ(mcnemar_p_value(first, second), mcnemar_p_value(4, 1));
  EXPECT_THROW(mcnemar_p_value(first, std::vector<std::uint8_t>{1}), Error);
}

}  // namespace
}  // namespace ra

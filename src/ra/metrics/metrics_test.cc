#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/metrics/localization.h"
#include "ra/metrics/roc.h"
#include "ra/metrics/threshold.h"

namespace ra {
namespace {

struct Cases {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
};

// `count` cases of both classes with many ties; ill cases score higher by `shift`.
Cases random_cases(std::uint32_t index, int count, double shift, double step = 0.25) {
  CounterRandom random(7, 0, index, Purpose::kLabelShuffle);
  Cases cases;
  for (int i = 0; i < count; ++i) {
    cases.labels.push_back(i == 0 ? 0 : i == 1 ? 1 : random.chance(0.4) ? 1 : 0);
    cases.scores.push_back(std::round((random.normal() + shift * cases.labels.back()) / step) * step);
  }
  return cases;
}

// The definition: pairs of an ill and a healthy case, ties counting half.
double auroc_by_pairs(const Cases& cases) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < cases.scores.size(); ++i) {
    for (std::size_t j = 0; j < cases.scores.size(); ++j) {
      if (cases.labels[i] != 1 || cases.labels[j] != 0) continue;
      won += cases.scores[i] > cases.scores[j] ? 1.0 : cases.scores[i] == cases.scores[j] ? 0.5 : 0.0;
      pairs += 1;
    }
  }
  return won / pairs;
}

TEST(Auroc, EqualsItsDefinitionByPairs) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Cases cases = random_cases(i, 2 + static_cast<int>(i) * 2, 0.8);
    EXPECT_NEAR(*auroc(cases.scores, cases.labels), auroc_by_pairs(cases), 1e-13);
  }
}

TEST(Auroc, IsBlindToOrderAndMonotoneMapsAndMirroredByNegation) {
  Cases cases = random_cases(3, 80, 1.0);
  const double expected = *auroc(cases.scores, cases.labels);
  Cases changed = cases;
  std::reverse(changed.scores.begin(), changed.scores.end());
  std::reverse(changed.labels.begin(), changed.labels.end());
  EXPECT_EQ(*auroc(changed.scores, changed.labels), expected);
  for (double& score : changed.scores) score = std::exp(score) + 3.0;
  EXPECT_EQ(*auroc(changed.scores, changed.labels), expected);
  EXPECT_EQ(*average_precision(changed.scores, changed.labels), *average_precision(cases.scores, cases.labels));
  for (double& score : cases.scores) score = -score;
  EXPECT_NEAR(*auroc(cases.scores, cases.labels), 1.0 - expected, 1e-13);
}

TEST(Auroc, IsUndefinedWithOneClass) {
  const std::vector<double> scores{0.1, 0.2};
  const std::vector<std::uint8_t> healthy{0, 0}, ill{1, 1};
  EXPECT_EQ(auroc(scores, healthy), std::nullopt);
  EXPECT_EQ(auroc(scores, ill), std::nullopt);
  EXPECT_EQ(average_precision(scores, healthy), std::nullopt);
  EXPECT_EQ(average_precision(scores, ill), 1.0);
  EXPECT_EQ(fpr_at_tpr(scores, healthy), std::nullopt);
  EXPECT_EQ(auroc({}, {}), std::nullopt);
}

TEST(Auroc, RefusesNotANumberAndBadLabels) {
  const std::vector<double> scores{0.1, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<double> fine{0.1, 0.2};
  const std::vector<std::uint8_t> labels{0, 1}, strange{0, 2}, shorter{0};
  EXPECT_THROW(auroc(scores, labels), Error);
  EXPECT_THROW(average_precision(scores, labels), Error);
  EXPECT_THROW(fpr_at_tpr(scores, labels), Error);
  EXPECT_THROW(auroc(fine, strange), Error);
  EXPECT_THROW(auroc(fine, shorter), Error);
}

TEST(AveragePrecision, CountsTiesAsOneStep) {
  const std::vector<double> equal(10, 0.5);
  std::vector<std::uint8_t> labels(10, 0);
  labels[0] = labels[4] = labels[9] = 1;
  EXPECT_NEAR(*average_precision(equal, labels), 0.3, 1e-15);
}

TEST(FprAtTpr, DropsCollinearPointsAsScikitLearn) {
  // Two steps of (2 healthy, 2 ill) around a true positive rate of 0.95: the first is left out.
  Cases cases;
  const auto add = [&](double score, int label, int count) {
    for (int i = 0; i < count; ++i) {
      cases.scores.push_back(score);
      cases.labels.push_back(static_cast<std::uint8_t>(label));
    }
  };
  add(5, 1, 36), add(4, 1, 2), add(4, 0, 2), add(3, 1, 2), add(3, 0, 2), add(2, 0, 40);
  EXPECT_NEAR(*fpr_at_tpr(cases.scores, cases.labels), 4.0 / 44.0, 1e-15);
}

TEST(FprAtTpr, IsZeroForPerfectAndOneForInvertedScores) {
  const std::vector<double> scores{0.1, 0.2, 0.8, 0.9};
  const std::vector<std::uint8_t> right{0, 0, 1, 1}, wrong{1, 1, 0, 0};
  EXPECT_EQ(fpr_at_tpr(scores, right), 0.0);
  EXPECT_EQ(fpr_at_tpr(scores, wrong), 1.0);
}

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
}

// The definition, candidate by candidate.
HealthyThreshold threshold_by_search(const std::vector<float>& maps, double percent, int steps) {
  for (int k = 0; k < steps; ++k) {
    const double candidate = static_cast<double>(k) / steps;
    const auto above = std::count_if(maps.begin(), maps.end(),
                                     [&](float value) { return value > static_cast<float>(candidate); });
    const double share = static_cast<double>(above) * 100.0 / static_cast<double>(maps.size());
    if (share <= percent) return {candidate, share};
  }
  return {};
}

TEST(HealthyThreshold, EqualsASearchOverAllCandidates) {
  CounterRandom random(3, 0, 0, Purpose::kLesion);
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<float> maps(1 + random.below(800));
    for (float& value : maps) {
      value = static_cast<float>(std::round(std::pow(random.uniform(), 4) * 500.0) / 500.0);
    }
    const double percent = random.uniform(0.0, 30.0);
    const HealthyThreshold expected = threshold_by_search(maps, percent, 200);
    const HealthyThreshold got = *healthy_threshold(maps, percent, 200);
    EXPECT_EQ(got.threshold, expected.threshold) << trial;
    EXPECT_NEAR(got.mean_percent, expected.mean_percent, 1e-12) << trial;
  }
}

TEST(HealthyThreshold, CoversTheExtremes) {
  const std::vector<float> zeros(50, 0.0f), ones(50, 1.0f);
  EXPECT_EQ(healthy_threshold(zeros, 5.0)->threshold, 0.0);
  EXPECT_EQ(healthy_threshold(ones, 5.0)->threshold, 0.0);
  EXPECT_EQ(healthy_threshold(ones, 100.0)->mean_percent, 100.0);
  EXPECT_FALSE(healthy_threshold({}, 5.0));
  const std::vector<float> broken{0.1f, NAN};
  EXPECT_THROW(healthy_threshold(broken, 5.0), Error);
  EXPECT_THROW(healthy_threshold(zeros, -1.0), Error);
}

TEST(RasteriseBoxes, CutsAtTheBorder) {
  const std::vector<Box> boxes{{-1, -1, 3, 2}, {3, 2, 100, 100}, {2, 0, 0, 3}, {9, 9, 2, 2}};
  EXPECT_THAT(rasterise_boxes(boxes, 4, 3), ::testing::ElementsAre(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::vector<Box> everything{{0, 0, kMost, kMost}}, nothing{{kMost, kMost, kMost, kMost}};
  EXPECT_THAT(rasterise_boxes(everything, 2, 1), ::testing::ElementsAre(1, 1));
  EXPECT_THAT(rasterise_boxes(nothing, 2, 1), ::testing::ElementsAre(0, 0));
}

TEST(Localise, NeedsMoreThanTenPercentOfTheBox) {
  std::vector<float> map(200, 0.0f), box(200, 0.0f), outside(200, 1.0f);
  std::fill(box.begin(), box.begin() + 100, 1.0f);
  std::fill(outside.begin(), outside.begin() + 100, 0.0f);
  std::fill(map.begin(), map.begin() + 10, 0.5f);
  EXPECT_EQ(localise(map, box, outside, 0.009).tp, 0);
  map[10] = 0.5f;
  const BoxOutcome hit = localise(map, box, outside, 0.009);
  EXPECT_EQ(hit.tp, 1);
  EXPECT_EQ(hit.hit_pixels, 11);
  EXPECT_EQ(hit.mask_pixels, 100);
  EXPECT_EQ(hit.fp, 0);
  EXPECT_NEAR(hit.f1, 1.0, 1e-7);
}

TEST(Localise, KeepsTheThresholdItselfAndNeverCountsZeros) {
  const std::vector<float> map{0.009f, 0.0f}, box{1.0f, 1.0f}, outside{0.0f, 0.0f};
  EXPECT_EQ(localise(map, box, outside, 0.009).hit_pixels, 1);
  EXPECT_EQ(localise(map, box, outside, 0.0).hit_pixels, 1);
  EXPECT_EQ(localise(map, box, outside, 0.0091).hit_pixels, 0);
}

TEST(Localise, CountsFalsePositivesAsARatioOfSums) {
  const std::vector<float> map{4.0f, 9.0f, 9.0f}, box{0.5f, 0.0f, 0.0f}, outside{0.0f, 0.6f, 0.4f};
  const BoxOutcome outcome = localise(map, box, outside, 0.0);
  EXPECT_EQ(outcome.sum_inside, 2.0);
  EXPECT_EQ(outcome.sum_outside, 9.0);
  EXPECT_EQ(outcome.fp, 4);
  EXPECT_NEAR(outcome.precision, 0.2, 1e-15);
  EXPECT_THROW(localise(map, box, {}, 0.0), Error);
}

}  // namespace
}  // namespace ra

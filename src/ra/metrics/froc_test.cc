#include "ra/metrics/froc.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/random_cases.h"

namespace ra {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 6 x 4: a lesion of 4 pixels that a candidate of 3 overlaps in 2, a lesion without candidate, a false candidate.
const std::vector<float> kMap{0, 0, 0, 0, 0, 9,  //
                              0, 5, 7, 4, 0, 0,  //
                              0, 0, 0, 0, 0, 0,  //
                              0, 0, 0, 0, 1, 0};
const std::vector<std::uint8_t> kTruth{0, 1, 1, 0, 0, 0,  //
                                       0, 1, 1, 0, 0, 0,  //
                                       0, 0, 0, 0, 0, 0,  //
                                       0, 0, 0, 0, 1, 0};

ImageMarks marks(HitRule rule, double least_overlap, std::int64_t least_pixels = 1, double threshold = 3.0) {
  return mark_regions(kMap, kTruth, 6, 4, {threshold, rule, least_overlap, least_pixels});
}

TEST(MarkRegions, RatesCandidatesByTheirLargestValue) {
  const ImageMarks any = marks(HitRule::kAnyOverlap, 0.1);
  EXPECT_EQ(any.regions, 2);
  EXPECT_THAT(any.found_ratings, ElementsAre(7.0));
  EXPECT_THAT(any.false_ratings, ElementsAre(9.0));
  EXPECT_THAT(marks(HitRule::kAnyOverlap, 0.1, 1, 1.0).found_ratings, ElementsAre(7.0, 1.0));
  EXPECT_THAT(marks(HitRule::kAnyOverlap, 0.1, 2).false_ratings, IsEmpty());
}

TEST(MarkRegions, AppliesTheStatedRule) {
  // Two shared pixels, five in either; two of the three pixels of the candidate's box in the lesion.
  EXPECT_THAT(marks(HitRule::kIou, 0.4).found_ratings, ElementsAre(7.0));
  EXPECT_THAT(marks(HitRule::kIou, 0.41).found_ratings, IsEmpty());
  EXPECT_THAT(marks(HitRule::kIou, 0.41).false_ratings, ElementsAre(9.0, 7.0));
  EXPECT_THAT(marks(HitRule::kIobb, 0.66).found_ratings, ElementsAre(7.0));
  EXPECT_THAT(marks(HitRule::kIobb, 0.67).found_ratings, IsEmpty());
}

TEST(MarkRegions, TakesTheBestOfSeveralCandidatesForARegion) {
  const std::vector<float> map{2, 0, 5, 0, 3};
  const std::vector<std::uint8_t> truth{1, 1, 1, 1, 1};
  const ImageMarks result = mark_regions(map, truth, 5, 1, {1.0});
  EXPECT_THAT(result.found_ratings, ElementsAre(5.0));
  EXPECT_THAT(result.false_ratings, IsEmpty());
}

TEST(MarkRegions, RefusesBadInput) {
  EXPECT_THROW(mark_regions(kMap, {}, 6, 4, {1.0}), Error);
  EXPECT_THROW(mark_regions(kMap, kTruth, 4, 4, {1.0}), Error);
  EXPECT_THROW(marks(HitRule::kIou, 0.0), Error);
  EXPECT_THROW(marks(HitRule::kIou, 0.5, 0), Error);
  const std::vector<float> broken{NAN};
  EXPECT_THROW(mark_regions(broken, std::vector<std::uint8_t>{1}, 1, 1, {1.0}), Error);
}

std::vector<ImageMarks> random_marks(int images, double shift) {
  std::vector<ImageMarks> result;
  for (int i = 0; i < images; ++i) {
    const MapCase one = random_map(static_cast<std::uint32_t>(i), 32, 32, i % 3, shift);
    result.push_back(mark_regions(one.map, one.truth, one.columns, one.rows, {0.12}));
  }
  return result;
}

TEST(FrocCurve, RisesInBothAndStaysInBounds) {
  const std::vector<CurvePoint> curve = froc_curve(random_marks(20, 1.0));
  ASSERT_GT(curve.size(), 10u);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_GE(curve[i].x, curve[i - 1].x);
    EXPECT_GE(curve[i].y, curve[i - 1].y);
    EXPECT_LT(curve[i].threshold, curve[i - 1].threshold);
    EXPECT_LE(curve[i].y, 1.0);
  }
  double before = 0.0;
  for (const double rate : kFrocRates) {
    const double sensitivity = *sensitivity_at(curve, rate).value;
    EXPECT_GE(sensitivity, before);
    before = sensitivity;
  }
  EXPECT_EQ(*sensitivity_at(curve, 1e9).value, curve.back().y);
}

TEST(FrocCurve, FindsEverythingWithoutFalsePositivesOnPerfectMaps) {
  std::vector<ImageMarks> images;
  for (std::uint32_t i = 0; i < 5; ++i) {
    MapCase one = random_map(i, 32, 32, 3, 0.0);
    for (std::size_t k = 0; k < one.map.size(); ++k) one.map[k] = one.truth[k];
    images.push_back(mark_regions(one.map, one.truth, 32, 32, {0.5, HitRule::kIou, 1.0}));
    EXPECT_THAT(images.back().false_ratings, IsEmpty());
  }
  EXPECT_EQ(sensitivity_at(froc_curve(images), 0.0).value, 1.0);
}

TEST(FrocCurve, IsUndefinedWithoutRegions) {
  const std::vector<ImageMarks> images{{{}, {1.0, 2.0}, 0}};
  EXPECT_TRUE(froc_curve(images).empty());
  EXPECT_EQ(sensitivity_at(froc_curve(images), 1.0).reason, "no lesion region");
}

TEST(BootstrapFroc, EstimatesTheCurveAndItsMeanWithIntervals) {
  const std::vector<ImageMarks> images = random_marks(40, 1.0);
  const std::vector<CurvePoint> curve = froc_curve(images);
  const std::vector<Replicates> replicates = bootstrap_froc(images, {}, kFrocRates, {5, 200});
  ASSERT_EQ(replicates.size(), kFrocRates.size() + 1);
  double mean = 0.0;
  for (std::size_t k = 0; k < kFrocRates.size(); ++k) {
    const Estimate one = estimate(replicates[k]);
    EXPECT_EQ(one.metric.value, sensitivity_at(curve, kFrocRates[k]).value);
    EXPECT_LE(one.interval->low, *one.metric.value);
    EXPECT_GE(one.interval->high, *one.metric.value);
    mean += *one.metric.value / static_cast<double>(kFrocRates.size());
  }
  EXPECT_NEAR(*replicates.back().estimate.value, mean, 1e-12);
  const std::vector<ImageMarks> healthy{{{}, {1.0}, 0}, {{}, {}, 0}};
  EXPECT_FALSE(bootstrap_froc(healthy, {}, kFrocRates, {5, 20}).back().estimate.value);
}

}  // namespace
}  // namespace ra

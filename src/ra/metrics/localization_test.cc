#include "ra/metrics/localization.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "ra/base/error.h"

namespace ra {
namespace {

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

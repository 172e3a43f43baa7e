#include "ra/data/mask_regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ra/base/random.h"

namespace ra {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(OtsuSplit, PartsTwoLevels) {
  const std::vector<float> values{10, 11, 9, 50, 52, 51, 10, 49};
  const OtsuSplit split = otsu_split(values);
  EXPECT_THAT(split.mask, ElementsAre(0, 0, 0, 1, 1, 1, 0, 1));
  EXPECT_GT(split.threshold, 11.0f);
  EXPECT_LE(split.threshold, 49.0f);
}

TEST(OtsuSplit, FindsNothingInAConstant) {
  EXPECT_THAT(otsu_split(std::vector<float>(9, 4.0f)).mask, Each(0));
  EXPECT_THAT(otsu_split(std::vector<float>(9, 0.0f)).mask, Each(0));
}

TEST(MaskRegions, KeepsTheLargestAndFillsHoles) {
  std::vector<std::uint8_t> mask{1, 1, 1, 0, 0,  //
                                 1, 0, 1, 0, 1,  //
                                 1, 1, 1, 0, 0};
  keep_largest_region(mask, 5, 3);
  fill_holes(mask, 5, 3);
  EXPECT_THAT(mask, ElementsAre(1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0));
  std::vector<std::uint8_t> none(6, 0);
  keep_largest_region(none, 3, 2);
  EXPECT_THAT(none, Each(0));
}

TEST(MaskRegions, DistanceIsThatToTheNearestPixel) {
  constexpr std::int64_t kColumns = 13, kRows = 9;
  CounterRandom random(5, 0, 0, Purpose::kCanary);
  std::vector<std::uint8_t> mask(kColumns * kRows);
  for (std::uint8_t& value : mask) value = random.chance(0.06) ? 1 : 0;
  mask[40] = 1;
  const std::vector<float> distance = distance_to(mask, kColumns, kRows);
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t column = 0; column < kColumns; ++column) {
      double nearest = 1e9;
      for (std::int64_t k = 0; k < kColumns * kRows; ++k) {
        if (mask[static_cast<std::size_t>(k)] == 0) continue;
        nearest = std::min(nearest, std::hypot(k % kColumns - column, k / kColumns - row));
      }
      EXPECT_NEAR(distance[static_cast<std::size_t>(row * kColumns + column)], nearest, 1e-5);
    }
  }
  EXPECT_GE(distance_to(std::vector<std::uint8_t>(6, 0), 3, 2)[0], 5.0f);
}

}  // namespace
}  // namespace ra

#include "ra/metrics/overlap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {
namespace {

std::vector<std::uint8_t> random_mask(std::uint32_t index, double share) {
  CounterRandom random(9, 0, index, Purpose::kLesion);
  std::vector<std::uint8_t> mask(200);
  for (std::uint8_t& pixel : mask) pixel = random.chance(share) ? 255 : 0;
  return mask;
}

TEST(Dice, IsSymmetricBoundedAndTiedToIntersectionOverUnion) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto a = random_mask(2 * i, 0.3), b = random_mask(2 * i + 1, 0.1 + 0.04 * i);
    const double value = *dice(compare_masks(a, b)).value;
    EXPECT_EQ(value, *dice(compare_masks(b, a)).value);
    EXPECT_GE(value, 0.0);
    EXPECT_LE(value, 1.0);
    EXPECT_NEAR(*intersection_over_union(compare_masks(a, b)).value, value / (2.0 - value), 1e-14);
    EXPECT_EQ(dice(compare_masks(a, a)).value, 1.0);
  }
}

TEST(Dice, IsUndefinedForTwoEmptyMasksAndZeroForOne) {
  const std::vector<std::uint8_t> empty(200, 0);
  const auto mask = random_mask(1, 0.5);
  EXPECT_FALSE(dice(compare_masks(empty, empty)).value);
  EXPECT_EQ(dice(compare_masks(empty, empty)).reason, "both masks are empty");
  EXPECT_FALSE(intersection_over_union(compare_masks(empty, empty)).value);
  EXPECT_EQ(dice(compare_masks(mask, empty)).value, 0.0);
  EXPECT_EQ(dice(compare_masks(empty, mask)).value, 0.0);
}

TEST(CompareMasks, CountsEveryPixelOnceAndOnlyWhereAsked) {
  const auto a = random_mask(1, 0.3), b = random_mask(2, 0.5), counted = random_mask(3, 0.6);
  const PixelConfusion all = compare_masks(a, b);
  EXPECT_EQ(all.true_positives + all.false_positives + all.false_negatives + all.true_negatives, 200);
  std::vector<std::uint8_t> complement(counted);
  for (std::uint8_t& pixel : complement) pixel = pixel == 0 ? 1 : 0;
  PixelConfusion sum = compare_masks(a, b, counted);
  EXPECT_LT(sum.true_negatives, all.true_negatives);
  sum += compare_masks(a, b, complement);
  EXPECT_EQ(sum.true_positives, all.true_positives);
  EXPECT_EQ(sum.false_positives, all.false_positives);
  EXPECT_EQ(sum.false_negatives, all.false_negatives);
  EXPECT_EQ(sum.true_negatives, all.true_negatives);
  EXPECT_THROW(compare_masks(a, std::vector<std::uint8_t>(3)), Error);
}

TEST(ThresholdMask, KeepsTheThresholdItself) {
  const std::vector<float> values{0.0089f, 0.009f, 0.01f, NAN};
  EXPECT_EQ(threshold_mask(std::span(values).first(3), 0.009), (std::vector<std::uint8_t>{0, 1, 1}));
  EXPECT_THROW(threshold_mask(values, 0.009), Error);
}

TEST(BestDice, IsUndefinedWithoutPositives) {
  const std::vector<RocStep> steps{{0.5, 3, 0}};
  EXPECT_EQ(best_dice(steps).dice.reason, "no positives");
  EXPECT_FALSE(best_dice({}).dice.value);
}

}  // namespace
}  // namespace ra

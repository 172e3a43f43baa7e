#include "ra/transforms/augmentation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

// [1,side,side] with a different code at each of the first 256 pixels.
at::Tensor codes(std::int64_t side) {
  return at::arange(side * side, at::kInt).remainder(256).to(at::kByte).view({1, side, side});
}

TEST(Quantise, TruncatesAndKeepsToTheRange) {
  const at::Tensor image = at::tensor({0.0f, 0.999f, 1.0f, 0.5f, 1.5f, -0.1f}).view({1, 2, 3});
  EXPECT_TRUE(at::equal(quantise(image), at::tensor({0, 254, 255, 127, 255, 0}, at::kByte).view({1, 2, 3})));
}

TEST(Affine, IdentityAndFlipMoveNothingElse) {
  EXPECT_TRUE(at::equal(apply_affine(codes(16), {}), codes(16)));
  EXPECT_TRUE(at::equal(apply_affine(codes(16), {.flip = true}), codes(16).flip({2})));
}

TEST(Affine, ShiftsByWholePixelsAndFillsWithZero) {
  const at::Tensor moved = apply_affine(codes(16), {.shift_columns = 3, .shift_rows = -2});
  EXPECT_TRUE(at::equal(moved.slice(1, 0, 14).slice(2, 3), codes(16).slice(1, 2).slice(2, 0, 13)));
  EXPECT_EQ(moved.slice(2, 0, 3).sum().item<int>(), 0);
  EXPECT_EQ(moved.slice(1, 14).sum().item<int>(), 0);
}

TEST(Affine, RotatesAboutTheCentre) {
  EXPECT_TRUE(at::equal(apply_affine(codes(16), {.degrees = 180.0}), codes(16).flip({1, 2})));
  // Positive degrees turn clockwise on the screen.
  EXPECT_TRUE(at::equal(apply_affine(codes(16), {.degrees = 90.0}), codes(16).rot90(-1, {1, 2})));
}

TEST(Affine, DoublesAboutTheCentre) {
  const at::Tensor inner = codes(8).slice(1, 2, 6).slice(2, 2, 6);
  const at::Tensor doubled = inner.repeat_interleave(2, 1).repeat_interleave(2, 2);
  EXPECT_TRUE(at::equal(apply_affine(codes(8), {.scale = 2.0}), doubled));
}

TEST(Affine, TreatsChannelsAlike) {
  const AugmentationDraw draw{.degrees = 7.0, .shift_columns = 1, .scale = 1.05, .flip = true};
  const at::Tensor both = apply_affine(at::cat({codes(16), codes(16)}), draw);
  EXPECT_TRUE(at::equal(both[0], both[1]));
  EXPECT_TRUE(at::equal(both[0], apply_affine(codes(16), draw)[0]));
}

TEST(Augment, ReturnsTheUnitRange) {
  const at::Tensor image = codes(16).to(at::kFloat).div(255.0f);
  EXPECT_TRUE(at::allclose(augment(image, {}), image));
}

TEST(DrawAugmentation, IsAFunctionOfSeedEpochAndSample) {
  const AugmentationOptions options;
  const auto degrees = [&](std::uint64_t seed, std::uint32_t epoch, std::uint32_t sample) {
    return draw_augmentation(options, 128, seed, epoch, sample).degrees;
  };
  EXPECT_EQ(degrees(1, 2, 3), degrees(1, 2, 3));
  EXPECT_EQ((std::set{degrees(1, 2, 3), degrees(2, 2, 3), degrees(1, 3, 3), degrees(1, 2, 4)}.size()), 4U);
}

TEST(DrawAugmentation, FillsItsRanges) {
  const AugmentationOptions options;
  double most_degrees = 0, least_scale = 2, most_scale = 0, flips = 0;
  int most_shift = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const AugmentationDraw draw = draw_augmentation(options, 128, 7, 0, sample);
    most_degrees = std::max(most_degrees, std::abs(draw.degrees));
    most_shift = std::max({most_shift, std::abs(draw.shift_columns), std::abs(draw.shift_rows)});
    least_scale = std::min(least_scale, draw.scale);
    most_scale = std::max(most_scale, draw.scale);
    flips += draw.flip ? 1 : 0;
  }
  EXPECT_LE(most_degrees, 10.0);
  EXPECT_GT(most_degrees, 9.9);
  EXPECT_EQ(most_shift, 13);  // 12.8 rounded
  EXPECT_GE(least_scale, 0.9);
  EXPECT_LT(least_scale, 0.91);
  EXPECT_LT(most_scale, 1.1);
  EXPECT_GT(most_scale, 1.09);
  EXPECT_NEAR(flips / 2000, 0.5, 0.05);
}

TEST(AugmentationOptions, NamesTheFieldThatIsWrong) {
  const auto refused = [](const char* field, AugmentationOptions options) {
    testing::expect_error(ErrorCode::kUsage, {field}, [&] { options.validate(); });
  };
  refused("max_degrees", {.max_degrees = -1});
  refused("max_degrees", {.max_degrees = NAN});
  refused("max_translation", {.max_translation = 2});
  refused("min_scale", {.min_scale = 0});
  refused("max_scale", {.min_scale = 1, .max_scale = 0.5});
  refused("flip_probability", {.flip_probability = 1.5});
  AugmentationOptions().validate();
}

}  // namespace
}  // namespace ra

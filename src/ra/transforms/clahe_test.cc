#include "ra/transforms/clahe.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

at::Tensor waves(std::int64_t rows, std::int64_t columns) {
  const at::Tensor y = at::arange(rows, at::kFloat).view({-1, 1}), x = at::arange(columns, at::kFloat);
  return (y.mul(0.31f).sin() * x.mul(0.17f).cos() + y * x / static_cast<double>(rows * columns)).mul(0.3).add(0.4);
}

TEST(Clahe, TurnsConstantImagesIntoOnes) {
  for (const double value : {-1.0, 0.0, 0.5, 1.0}) {
    EXPECT_TRUE(at::equal(clahe(at::full({1, 32, 40}, value)), at::ones({1, 32, 40})));
  }
}

TEST(Clahe, FillsTheUnitRange) {
  const at::Tensor result = clahe(waves(64, 48));
  EXPECT_EQ(result.sizes(), at::IntArrayRef({64, 48}));
  EXPECT_EQ(result.min().item<float>(), 0.0f);
  EXPECT_EQ(result.max().item<float>(), 1.0f);
}

TEST(Clahe, IsUnchangedByARisingLinearMap) {
  // Both stretch to the same 14-bit codes, up to the rounding to 16 bits before.
  const at::Tensor image = waves(64, 64);
  const at::Tensor difference = (clahe(image) - clahe(image.mul(0.5).add(0.1))).abs();
  EXPECT_LT(difference.mean().item<float>(), 5e-3f);
}

TEST(Clahe, TreatsEveryImageByItself) {
  const at::Tensor first = waves(40, 40), second = waves(40, 40).square();
  const at::Tensor both = clahe(at::stack({first, second}));
  EXPECT_TRUE(at::equal(both[0], clahe(first)));
  EXPECT_TRUE(at::equal(both[1], clahe(second)));
  EXPECT_TRUE(at::equal(clahe(at::stack({first, second}).transpose(1, 2)).transpose(1, 2)[0], clahe(first.t()).t()));
}

TEST(Clahe, TakesAnySizeFromOnePixel) {
  for (const std::int64_t rows : {1, 2, 7, 8, 9, 23, 33}) {
    for (const std::int64_t columns : {1, 5, 16, 31}) {
      const at::Tensor result = clahe(waves(rows, columns));
      EXPECT_TRUE(result.ge(0).logical_and(result.le(1)).all().item<bool>()) << rows << " x " << columns;
    }
  }
}

TEST(ClaheStages, HaveRisingMapsThatReachTheTop) {
  const ClaheStages stages = clahe_stages(waves(100, 90));
  EXPECT_EQ(stages.codes.min().item<int>(), 0);
  EXPECT_EQ(stages.codes.max().item<int>(), 16383);
  EXPECT_EQ(stages.maps.size(2), 256);
  EXPECT_GE(stages.maps.diff(1, 2).min().item<int>(), 0);
  EXPECT_GE(stages.maps.select(2, 255).min().item<int>(), 16382);
  EXPECT_TRUE(at::equal(stages.result, clahe(waves(100, 90))));
}

TEST(ClaheStages, LimitTheSlopeOfTheMaps) {
  // Every pixel of the left half has one value: unclipped, its bin would rise by the whole range.
  const at::Tensor image = waves(128, 128);
  image.slice(1, 0, 64).fill_(0.25);
  const at::Tensor steps = clahe_stages(image).maps.diff(1, 2);
  EXPECT_LE(steps.max().item<int>(), 16383 / 100 + 2);
}

TEST(Clahe, RefusesValuesThatItCannotCode) {
  for (const double value : {1.2, -1.01, static_cast<double>(NAN)}) {
    testing::expect_error(ErrorCode::kBadInput, {"[-1, 1]"}, [&] { clahe(at::full({1, 8, 8}, value)); });
  }
  testing::expect_error(ErrorCode::kBadInput, {"float32"}, [] { clahe(at::zeros({8, 8}, at::kDouble)); });
  testing::expect_error(ErrorCode::kBadInput, {"float32"}, [] { clahe(at::zeros({8})); });
}

}  // namespace
}  // namespace ra

#include "ra/transforms/gaussian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

std::int64_t mirrored(std::int64_t i, std::int64_t size) {
  while (i < 0 || i >= size) i = i < 0 ? -1 - i : 2 * size - 1 - i;
  return i;
}

// The definition, in float64 throughout.
double filtered_at(const at::Tensor& image, std::int64_t row, std::int64_t column, double sigma) {
  const auto radius = static_cast<std::int64_t>(4 * sigma + 0.5);
  const auto values = image.accessor<float, 2>();
  double sum = 0, weights = 0;
  for (std::int64_t i = -radius; i <= radius; ++i) {
    for (std::int64_t j = -radius; j <= radius; ++j) {
      const double weight = std::exp(-static_cast<double>(i * i + j * j) / (2 * sigma * sigma));
      weights += weight;
      sum += weight * values[mirrored(row + i, image.size(0))][mirrored(column + j, image.size(1))];
    }
  }
  return sum / weights;
}

TEST(GaussianFilter, EqualsItsDefinitionForAnySize) {
  const std::int64_t sizes[][2] = {{20, 12}, {1, 30}, {3, 2}, {1, 1}, {17, 5}};
  for (const auto& size : sizes) {
    const at::Tensor image = at::arange(size[0] * size[1], at::kFloat).mul(1.7f).sin().view({size[0], size[1]});
    const at::Tensor result = gaussian_filter(image, 2.0);
    for (std::int64_t row = 0; row < size[0]; ++row) {
      for (std::int64_t column = 0; column < size[1]; ++column) {
        EXPECT_NEAR(result[row][column].item<float>(), filtered_at(image, row, column, 2.0), 2e-7);
      }
    }
  }
}

TEST(GaussianFilter, KeepsConstantsAndSums) {
  EXPECT_TRUE(at::allclose(gaussian_filter(at::full({9, 9}, 0.3), 1.5), at::full({9, 9}, 0.3)));
  const at::Tensor impulse = at::zeros({20, 12});
  impulse[1][2] = 1.0;
  EXPECT_NEAR(gaussian_filter(impulse, 2.0).sum().item<float>(), 1.0, 1e-6);
}

TEST(GaussianFilter, TreatsEveryImageByItself) {
  const at::Tensor images = at::arange(2 * 3 * 10 * 8, at::kFloat).sin().view({2, 3, 10, 8});
  EXPECT_TRUE(at::equal(gaussian_filter(images, 2.0)[1][2], gaussian_filter(images[1][2], 2.0)));
  // Axes are filtered one after the other, so a turned image gives the turned result up to float32 rounding.
  EXPECT_TRUE(at::allclose(gaussian_filter(images.transpose(2, 3), 2.0).transpose(2, 3), gaussian_filter(images, 2.0),
                           1e-5, 1e-6));
}

TEST(GaussianFilter, RefusesOtherTypesAndWidths) {
  testing::expect_error(ErrorCode::kBadInput, {"float32"},
                        [] { gaussian_filter(at::zeros({4, 4}, at::kDouble), 2.0); });
  for (const double sigma : {0.0, -1.0, static_cast<double>(NAN)}) {
    testing::expect_error(ErrorCode::kBadInput, {"sigma"}, [&] { gaussian_filter(at::zeros({4, 4}), sigma); });
  }
}

}  // namespace
}  // namespace ra

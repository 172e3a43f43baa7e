#include "ra/transforms/device_gaussian.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ra/testing/expect_error.h"
#include "ra/transforms/gaussian.h"

namespace ra {
namespace {

at::Tensor random_images(at::IntArrayRef shape) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(5), at::kFloat);
}

// Bit by bit: both sum in one order in float64, and neither fuses multiply-adds (vectorised.h).
bool same_bits(const at::Tensor& a, const at::Tensor& b) { return at::equal(a.view(at::kInt), b.view(at::kInt)); }

TEST(GaussianFilterByTensors, EqualsTheFilterOfTheCpuBitByBit) {
  const std::int64_t shapes[][3] = {{2, 128, 128}, {1, 64, 64}, {5, 37, 53}, {3, 1, 30}, {1, 3, 2}, {2, 1, 1}};
  for (const auto& shape : shapes) {
    const at::Tensor images = random_images(shape);
    for (const double sigma : {0.1, 0.7, 2.0, 5.3}) {
      EXPECT_TRUE(same_bits(gaussian_filter_by_tensors(images, sigma), gaussian_filter(images, sigma)))
          << images.sizes() << ", sigma " << sigma;
    }
  }
}

TEST(GaussianFilterByTensors, TakesAnyLayoutAndNumberOfAxes) {
  const at::Tensor images = random_images({2, 3, 10, 8});
  for (const at::Tensor& taken : {images, images[0], images[0][0], images.transpose(2, 3), images.slice(3, 1, 6)}) {
    EXPECT_TRUE(same_bits(gaussian_filter_by_tensors(taken, 2.0).contiguous(), gaussian_filter(taken, 2.0)));
  }
  EXPECT_EQ(gaussian_filter_by_tensors(at::zeros({0, 4, 4}), 2.0).sizes(), at::IntArrayRef({0, 4, 4}));
}

TEST(GaussianFilterByTensors, RefusesOtherTypesAndWidths) {
  testing::expect_error(ErrorCode::kBadInput, {"float32"},
                        [] { gaussian_filter_by_tensors(at::zeros({4, 4}, at::kDouble), 2.0); });
  testing::expect_error(ErrorCode::kBadInput, {"float32"}, [] { gaussian_filter_by_tensors(at::zeros({4}), 2.0); });
  for (const double sigma : {0.0, -1.0, static_cast<double>(NAN)}) {
    testing::expect_error(ErrorCode::kBadInput, {"sigma"},
                          [&] { gaussian_filter_by_tensors(at::zeros({4, 4}), sigma); });
  }
}

}  // namespace
}  // namespace ra

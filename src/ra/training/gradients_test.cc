#include "ra/training/gradients.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ra {
namespace {

std::vector<at::Tensor> parameters_with_gradients() {
  at::Tensor a = at::zeros({2}), b = at::zeros({1}), without = at::zeros({3});
  a.mutable_grad() = at::tensor({3.0f, 0.0f});
  b.mutable_grad() = at::tensor({4.0f});
  return {a, b, without};
}

double norm_of(const std::vector<at::Tensor>& parameters) { return gradient_norm(parameters).item<double>(); }

TEST(Gradients, HaveOneNormOverAllTensors) { EXPECT_DOUBLE_EQ(norm_of(parameters_with_gradients()), 5.0); }

TEST(Gradients, ClippingKeepsTheirDirection) {
  const auto parameters = parameters_with_gradients();
  clip_gradients(parameters, gradient_norm(parameters), 1.0);
  EXPECT_NEAR(norm_of(parameters), 1.0, 1e-5);
  EXPECT_NEAR(parameters[0].grad()[0].item<float>(), 0.6f, 1e-5f);
  EXPECT_NEAR(parameters[1].grad()[0].item<float>(), 0.8f, 1e-5f);
}

TEST(Gradients, ShortOnesAndNoLimitLeaveEveryBitAlone) {
  for (const double limit : {0.0, 5.0, 100.0}) {
    const auto parameters = parameters_with_gradients();
    clip_gradients(parameters, gradient_norm(parameters), limit);
    EXPECT_EQ(parameters[0].grad()[0].item<float>(), 3.0f) << limit;
  }
}

TEST(Gradients, AnythingNotFiniteShowsInTheNorm) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 1e30f}) {
    const auto parameters = parameters_with_gradients();
    parameters[0].grad()[1] = bad;  // 1e30 is finite, but Adam would square it
    EXPECT_FALSE(std::isfinite(norm_of(parameters))) << bad;
  }
}

}  // namespace
}  // namespace ra

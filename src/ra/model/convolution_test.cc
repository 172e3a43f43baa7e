#include "ra/model/convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace ra {
namespace {

at::Tensor values(at::IntArrayRef shape) { return at::rand(shape, at::kDouble) * 2.0 - 1.0; }

at::Tensor doubled(const at::Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

TEST(PhasesTest, ConvolveTheDoubledImage) {
  const at::Tensor x = values({2, 5, 8, 11}), weight = values({7, 5, 3, 3}), bias = values({7});
  const at::Tensor want = at::leaky_relu(at::conv2d(doubled(x), weight, bias, 1, 1), 0.2);
  EXPECT_TRUE(at::allclose(convolve_doubled(x, phase_weight(weight), bias, 0.2), want, 1e-12, 1e-12));
}

TEST(PhasesTest, HaveTheGradientsOfTheConvolutionAfterDoubling) {
  const at::Tensor x = values({2, 5, 8, 8}).requires_grad_(true), weight = values({7, 5, 3, 3}).requires_grad_(true);
  const at::Tensor gradient = values({2, 7, 16, 16});
  at::conv2d(doubled(x), weight, {}, 1, 1).backward(gradient);
  const at::Tensor want = weight.grad().clone();
  weight.mutable_grad().reset();
  const at::Tensor phases = phase_weight(weight);
  EXPECT_TRUE(at::allclose(convolve_doubled_input_gradient(gradient, phases.detach()), x.grad(), 1e-12, 1e-12));
  phases.backward(convolve_doubled_weight_gradient(gradient, x.detach(), phases.detach()));
  EXPECT_TRUE(at::allclose(weight.grad(), want, 1e-12, 1e-12));
}

}  // namespace
}  // namespace ra

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

double relative_difference(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

// Sides that Winograd's filtering takes and one that is too small, filters of every size, odd numbers of channels.
TEST(PackedConvolutionTest, GivesWhatTheConvolutionGives) {
  struct Shape {
    std::int64_t images, inputs, outputs, filter, side;
  };
  for (const Shape& s : {Shape{1, 16, 24, 3, 16},
                         {2, 8, 8, 3, 19},
                         {1, 16, 16, 3, 4},
                         {1, 5, 7, 3, 9},
                         {1, 1, 8, 5, 12},
                         {2, 3, 8, 5, 12},
                         {1, 8, 12, 1, 6}}) {
    const at::Tensor x = values({s.images, s.inputs, s.side, s.side}).to(at::kFloat);
    const at::Tensor weight = values({s.outputs, s.inputs, s.filter, s.filter}).to(at::kFloat);
    const at::Tensor bias = values({s.outputs}).to(at::kFloat);
    const at::Tensor residual = values({s.images, s.outputs, s.side, s.side}).to(at::kFloat);
    const at::Tensor sum = at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), 1, s.filter / 2);
    const auto last = at::MemoryFormat::ChannelsLast;
    const PackedConvolution packed(weight, bias, {1, s.inputs, s.side, s.side});
    EXPECT_FALSE(packed.doubles());
    const at::Tensor images = x.contiguous(last), added = residual.contiguous(last);
    EXPECT_LT(relative_difference(packed.forward(images), sum), 3e-5) << s.filter << " " << s.side;
    EXPECT_LT(relative_difference(packed.forward(images, {}, 0.2), at::leaky_relu(sum, 0.2)), 3e-5) << s.side;
    EXPECT_LT(relative_difference(packed.forward(images, added, 0.2), at::leaky_relu(sum + residual, 0.2)), 3e-5);
  }
}

TEST(PackedConvolutionTest, TakesPhases) {
  const at::Tensor x = values({2, 16, 8, 8}).to(at::kFloat), weight = values({8, 16, 3, 3}).to(at::kFloat);
  const at::Tensor bias = values({8}).to(at::kFloat);
  const at::Tensor want =
      at::leaky_relu(at::conv2d(doubled(x).to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), 1, 1), 0.2);
  const PackedConvolution packed(phase_weight(weight).contiguous(at::MemoryFormat::ChannelsLast), bias, {1, 16, 8, 8});
  EXPECT_TRUE(packed.doubles());
  const at::Tensor images = x.contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_LT(relative_difference(packed.forward(images, {}, 0.2), want), 1e-5);
}

}  // namespace
}  // namespace ra

#include "ra/model/winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <vector>

namespace ra {
namespace {

// Rounding, relative to the largest value, that the transforms may cost.
constexpr double kTolerance = 3e-5;

struct Shape {
  std::int64_t images, inputs, outputs, height, width;
};

// Side lengths with and without a rest in tiles of 4, one image and several, few channels and many.
const Shape kShapes[] = {{2, 8, 8, 16, 16},  {2, 16, 24, 31, 29}, {1, 64, 64, 128, 128},
                         {3, 8, 16, 17, 13}, {8, 512, 32, 8, 8},  {32, 32, 8, 4, 4}};

at::Tensor values(at::IntArrayRef shape) { return at::rand(shape) * 2.0 - 1.0; }

at::Tensor exact_convolution(const at::Tensor& x, const at::Tensor& weight) {
  return at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), {}, 1, 1);
}

double relative_difference(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(WinogradTest, ConvolvesAsTheDirectSumDoes) {
  for (const Shape& s : kShapes) {
    const at::Tensor x = values({s.images, s.inputs, s.height, s.width});
    const at::Tensor weight = values({s.outputs, s.inputs, 3, 3});
    ASSERT_TRUE(winograd_applies(x.sizes(), weight, FilterUse::kGradient));
    const at::Tensor found = winograd_convolution(x, winograd_filters(weight, x.sizes()));
    EXPECT_LT(relative_difference(found, exact_convolution(x, weight)), kTolerance) << s.height << "x" << s.width;
  }
}

TEST(WinogradTest, AddsBiasAndResidualAndBendsTheSum) {
  const at::Tensor x = values({2, 8, 10, 12}), weight = values({16, 8, 3, 3});
  const at::Tensor bias = values({16}), residual = values({2, 16, 10, 12});
  const at::Tensor sum = exact_convolution(x, weight) + bias.reshape({1, 16, 1, 1}) + residual;
  const at::Tensor found = winograd_convolution(x, winograd_filters(weight, x.sizes()), bias, residual, 0.2);
  EXPECT_LT(relative_difference(found, at::leaky_relu(sum, 0.2)), kTolerance);
}

TEST(WinogradTest, TakesWeightsAndImagesOfAnyLayout) {
  const at::Tensor x = values({2, 8, 12, 12}), weight = values({8, 8, 3, 3});
  const at::Tensor found = winograd_convolution(x, winograd_filters(weight, x.sizes()));
  const auto last = at::MemoryFormat::ChannelsLast;
  const WinogradFilters filters = winograd_filters(weight.contiguous(last), x.sizes());
  EXPECT_TRUE(at::equal(found, winograd_convolution(x.contiguous(last), filters)));
}

TEST(WinogradTest, GivesTheGradientOfTheFilters) {
  for (const Shape& s : kShapes) {
    const at::Tensor x = values({s.images, s.inputs, s.height, s.width});
    const at::Tensor weight = values({s.outputs, s.inputs, 3, 3});
    const at::Tensor gradient = values({s.images, s.outputs, s.height, s.width});
    const at::Tensor expected =
        std::get<1>(at::convolution_backward(gradient.to(at::kDouble), x.to(at::kDouble), weight.to(at::kDouble), {},
                                             {1, 1}, {1, 1}, {1, 1}, false, {0, 0}, 1, {false, true, false}));
    EXPECT_LT(relative_difference(winograd_weight_gradient(x, gradient), expected), kTolerance) << s.height;
  }
}

TEST(WinogradTest, GivesTheSameBitsWithAnyNumberOfThreads) {
  const at::Tensor x = values({4, 16, 32, 32}), weight = values({16, 16, 3, 3});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = winograd_convolution(x, winograd_filters(weight, x.sizes()));
  const at::Tensor gradient_one = winograd_weight_gradient(x, one);
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(winograd_convolution(x, winograd_filters(weight, x.sizes())), one));
  EXPECT_TRUE(at::equal(winograd_weight_gradient(x, one), gradient_one));
  at::set_num_threads(threads);
}

TEST(WinogradTest, LeavesWhatItCannotDoToTheDirectSum) {
  const at::Tensor weight = values({8, 8, 3, 3});
  const std::vector<std::int64_t> images = {1, 8, 64, 64};
  EXPECT_TRUE(winograd_applies(images, weight));
  EXPECT_FALSE(winograd_applies(images, values({8, 8, 5, 5})));
  EXPECT_FALSE(winograd_applies({1, 1, 64, 64}, values({8, 1, 3, 3})));
  EXPECT_FALSE(winograd_applies(images, values({12, 8, 3, 3})));
  EXPECT_FALSE(winograd_applies(images, weight.to(at::kDouble)));
  EXPECT_FALSE(winograd_applies(images, weight.to(at::kBFloat16)));
}

TEST(WinogradTest, LeavesWhatIsTooSmallToTheDirectSum) {
  const at::Tensor weight = values({8, 8, 3, 3});
  EXPECT_FALSE(winograd_applies({1, 8, 32, 32}, weight, FilterUse::kOnce));
  EXPECT_TRUE(winograd_applies({1, 8, 32, 32}, weight, FilterUse::kGradient));
  EXPECT_FALSE(winograd_applies({1, 8, 16, 16}, weight, FilterUse::kGradient));
  EXPECT_TRUE(winograd_applies({1, 8, 16, 16}, weight, FilterUse::kMany));
  EXPECT_FALSE(winograd_applies({1, 8, 8, 8}, weight, FilterUse::kMany));
}

}  // namespace
}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ra {

// Convolutions of 3x3, stride 1 and padding 1 by Winograd's minimal filtering F(4x4,3x3) (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.3): a quarter of the multiplications of the
// direct sum. float32 on the CPU, images channels last. Results differ from the direct sum by about 1e-5 of the largest
// output, and do not depend on the number of threads that share the work.

// What filters are transformed for: one convolution (forward, or for the gradient of its input), many, or their
// gradient.
enum class FilterUse { kOnce, kMany, kGradient };

// Whether a convolution by `weight` [K,C,h,w] of images [N,C,H,W] can be computed so and gains by it.
bool winograd_applies(at::IntArrayRef images, const at::Tensor& weight, FilterUse use = FilterUse::kOnce);

// Filters in the transformed domain, 36 points each, laid out for the processor and for images of one size.
struct WinogradFilters {
  at::Tensor points;
  std::int64_t outputs, inputs;
};
// Of [K,C,3,3], for images [N,C,H,W].
WinogradFilters winograd_filters(const at::Tensor& weight, at::IntArrayRef images);

// LeakyReLU_slope(convolution + bias + residual): [N,C,H,W] -> [N,K,H,W]. `bias` is [K], `residual` shaped as the
// result; both may be undefined. A slope of 1 leaves the sum as it is.
at::Tensor winograd_convolution(const at::Tensor& x, const WinogradFilters& filters, const at::Tensor& bias = {},
                                const at::Tensor& residual = {}, double slope = 1.0);

// The gradient of the filters, given that of the convolution's result: [N,C,H,W] and [N,K,H,W] -> [K,C,3,3].
at::Tensor winograd_weight_gradient(const at::Tensor& x, const at::Tensor& gradient);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// Convolutions of 3x3, stride 1 and padding 1 by Winograd's minimal filtering F(4x4,3x3) (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.3): a quarter of the multiplications of the direct
// sum. float32 on the CPU, images channels last. Results differ from the direct sum by about 1e-5 of the largest output,
// and do not depend on the number of threads that share the work.

// Whether a convolution of `weight` [K,C,h,w] over `x` [N,C,H,W] can be computed so and gains by it.
bool winograd_applies(const at::Tensor& x, const at::Tensor& weight);

// The filters in the transformed domain: [K,C,3,3] -> [36,K,C].
at::Tensor winograd_weight(const at::Tensor& weight);

// LeakyReLU_slope(convolution + bias + residual): [N,C,H,W] and [36,K,C] -> [N,K,H,W]. `bias` is [K], `residual` shaped
// as the result; both may be undefined. A slope of 1 leaves the sum as it is.
at::Tensor winograd_convolution(const at::Tensor& x, const at::Tensor& transformed, const at::Tensor& bias = {},
                                const at::Tensor& residual = {}, double slope = 1.0);

// The gradient of the filters, given that of the convolution's result: [N,C,H,W] and [N,K,H,W] -> [K,C,3,3].
at::Tensor winograd_weight_gradient(const at::Tensor& x, const at::Tensor& gradient);

}  // namespace ra

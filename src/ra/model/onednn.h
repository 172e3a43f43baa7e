#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ra {

// oneDNN's convolutions as LibTorch has them outside at::, without gradients: LeakyReLU in the last pass over the
// result, and weights that are laid out for the processor once. Stride 1, images [N,C,H,W] channels last on the CPU,
// float32, or bfloat16 where the processor multiplies it. A slope of 1 leaves the sum as it is.

// LeakyReLU_slope(conv(x, weight) + bias): the size kept, `weight` [K,C/groups,h,w] of an odd size or what pack() made
// of it; bias [K] may be undefined.
at::Tensor onednn_convolution(const at::Tensor& x, const at::Tensor& weight, std::int64_t size, const at::Tensor& bias,
                              double slope, std::int64_t groups = 1);
// Best for images of `images` [N,C,H,W]; right for any. Nothing but onednn_convolution() reads it.
at::Tensor onednn_pack(const at::Tensor& weight, at::IntArrayRef images, std::int64_t groups = 1);

// LeakyReLU_slope(transposed conv(x) + bias) by 4x4 filters with stride 2, `packed` by onednn_pack_transposed():
// [N,C,H,W] -> [N,K,2H,2W].
at::Tensor onednn_transposed(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, double slope);
// [C,K,4,4], for images of `images`.
at::Tensor onednn_pack_transposed(const at::Tensor& weight, at::IntArrayRef images);

}  // namespace ra

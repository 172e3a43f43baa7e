#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// [C,H,W] centred in a square [C,M,M], M = max(H, W), filled with `fill`; the odd pixel goes below or to the right.
at::Tensor pad_to_square(const at::Tensor& image, float fill);

// float [C,H,W] -> [C,size,size]: bilinear, half-pixel centres, no antialias.
at::Tensor resize_bilinear(const at::Tensor& image, int size);

}  // namespace ra

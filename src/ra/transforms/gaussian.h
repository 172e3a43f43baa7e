#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// Gaussian filter over the last two axes, radius int(4 sigma + 0.5), border "reflect" (edge pixel repeated), as
// scipy.ndimage.gaussian_filter: float64 sums, rounded to float32 after each axis. float32 [...,H,W].
at::Tensor gaussian_filter(const at::Tensor& images, double sigma);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// gaussian_filter() as tensor operations, on any device that knows float64: the same contract, the result on the
// device of `images`. On the CPU equal to it to the last bit.
at::Tensor gaussian_filter_by_tensors(const at::Tensor& images, double sigma);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// clahe() as tensor operations over all images and tiles at once, on any device that knows float64: the same contract
// and errors, the result on the device of `images`. Equal to it to the last bit.
at::Tensor clahe_by_tensors(const at::Tensor& images);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace ra {

// Euclidean norm of all gradients together, a float64 scalar on their device; parameters without one count as 0. Not
// finite when a gradient is not, or when the sum of the squares of one exceeds float32.
at::Tensor gradient_norm(const std::vector<at::Tensor>& parameters);

// Scales the gradients down to the norm `limit` where theirs, `norm`, is longer (Pascanu et al., ICML 2013), as
// PyTorch's clip_grad_norm_ does; 0 is no limit. `norm` is what gradient_norm() gave; a device is not waited for.
void clip_gradients(const std::vector<at::Tensor>& parameters, const at::Tensor& norm, double limit);

}  // namespace ra

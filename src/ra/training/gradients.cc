#include "ra/training/gradients.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace ra {

at::Tensor gradient_norm(const std::vector<at::Tensor>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) norms.push_back(at::linalg_vector_norm(parameter.grad()));
  }
  if (norms.empty()) return at::zeros({}, at::kDouble);
  return at::stack(norms).to(at::kDouble).norm();
}

void clip_gradients(const std::vector<at::Tensor>& parameters, const at::Tensor& norm, double limit) {
  if (limit <= 0.0) return;
  if (norm.is_cpu() && norm.item<double>() <= limit) return;  // spares a pass over the gradients
  const at::NoGradGuard no_grad;
  const at::Tensor share = at::where(norm <= limit, at::ones_like(norm), limit / (norm + 1e-6));
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) parameter.grad().mul_(share);
  }
}

}  // namespace ra

#include "ra/training/losses.h"

#include <ATen/ATen.h>

namespace ra {
namespace {

// One row an image, [N,C,H,W] -> [N,H*W*C]: of images channels last the same memory.
at::Tensor rows(const at::Tensor& images) { return images.permute({0, 2, 3, 1}).flatten(1); }

}  // namespace

at::Tensor kl_divergence(const at::Tensor& mean, const at::Tensor& log_variance) {
  return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum(1);
}

at::Tensor squared_error(const at::Tensor& target, const at::Tensor& image) {
  return (image - target).square().flatten(1).sum(1);
}

at::Tensor embedding_loss(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second) {
  at::Tensor total;
  for (std::size_t level = 0; level < first.size(); ++level) {
    const at::Tensor cosine = at::cosine_similarity(rows(first[level]), rows(second[level]), 1, 1e-8);
    const at::Tensor half_error = 0.5 * at::mse_loss(first[level], second[level]);
    total = total.defined() ? total + half_error : half_error;
    total = total + (1.0 - cosine).mean();
  }
  return total;
}

at::Tensor exp_elbo(const at::Tensor& reconstruction_error, const at::Tensor& kl, double scale, double beta_rec,
                    double beta_neg) {
  return at::exp(-2.0 * scale * (beta_rec * reconstruction_error + beta_neg * kl)).mean();
}

}  // namespace ra

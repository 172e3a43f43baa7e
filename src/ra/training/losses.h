#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace ra {

// Loss terms of the introspective training (soft-intro-VAE, Daniel and Tamar, CVPR 2021, and RA, Bercea et al.,
// MIDL 2023). All are differentiable and keep the dtype of their inputs.

// KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the latent: [N,Z], [N,Z] -> [N], >= 0.
at::Tensor kl_divergence(const at::Tensor& mean, const at::Tensor& log_variance);

// Sum of squared differences of each image: [N,C,S,S] -> [N].
at::Tensor squared_error(const at::Tensor& target, const at::Tensor& image);

// The reversed multi-scale embedding loss of two lists of [N,c,h,w] -> scalar: per level half the mean squared
// error plus one minus the cosine of the flattened features.
at::Tensor embedding_loss(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second);

// Mean of exp(-2 scale (beta_rec * reconstruction_error + beta_neg * kl)): [N], [N] -> scalar.
at::Tensor exp_elbo(const at::Tensor& reconstruction_error, const at::Tensor& kl, double scale, double beta_rec,
                    double beta_neg);

}  // namespace ra

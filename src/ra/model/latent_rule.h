#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "ra/model/reversed_autoencoder.h"

namespace ra {

// How an image's posterior becomes one reconstruction at screening time: "mean" decodes the mean, "sample" one
// draw, "average:K" is the average of K decodings. The draws use the same noise for every image, made from a
// seed and stored with the model, so that the result is deterministic without leaving the distribution that the
// decoder has learnt (REFERENCE.md, "Anomaly map and score").
class LatentRule {
 public:
  // kUsage unless "mean", "sample" or "average:K" with K from 2 to 1024.
  static LatentRule parse(std::string_view text);
  // For checkpoints that do not say: average:8.
  static LatentRule fallback() { return parse("average:8"); }

  std::string text() const;
  // Decodings an image: 1 for mean and sample, K for average.
  int draws() const { return draws_; }
  bool uses_noise() const { return uses_noise_; }

 private:
  int draws_ = 1;
  bool uses_noise_ = false;
};

// The noise of a rule: [draws, latent_size] float32, a function of the seed.
at::Tensor latent_noise(const LatentRule& rule, int latent_size, std::uint64_t seed);

// Reconstructs [N,C,S,S] -> [N,C,S,S] by the rule. `noise` is [draws,Z] (ignored by "mean").
at::Tensor reconstruct(const ReversedAutoencoder& model, const at::Tensor& x, const LatentRule& rule,
                       const at::Tensor& noise);

}  // namespace ra

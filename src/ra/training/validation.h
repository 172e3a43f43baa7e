#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "ra/model/latent_rule.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/tracking/metrics_log.h"

namespace ra {

// How near the reconstructions by one latent rule come.
struct RuleError {
  LatentRule rule;
  // Summed over the pixels, mean over the images.
  double squared_error;
  // Share of the images whose reconstruction is nearer to them than to any other image of the set. A network that
  // gives everyone the same picture has 1/N, whatever its squared error.
  double own_share = 0.0;
};

// Nats above which a latent dimension counts as used.
inline constexpr double kActiveLatent = 0.01;

// How well a model reconstructs images that it was not trained on.
struct Validation {
  std::vector<RuleError> errors;  // mean, sample, average:K
  std::int64_t pixels = 0;        // values an image: C*S*S
  // Standard deviation over the pixels of an image, mean over the images: of the inputs, of the reconstructions.
  double input_contrast = 0.0, output_contrast = 0.0;
  double output_level = 0.0;  // mean pixel of the reconstructions (all by average:K)
  // KL divergence of each latent dimension from the prior, mean over the images: a dimension near 0 carries nothing.
  std::vector<double> kl_per_latent;

  double kl() const;  // of all dimensions together
  // Dimensions whose KL divergence exceeds kActiveLatent.
  std::int64_t active_latents() const;

  // kUsage for a rule that was not measured.
  double error_of(const LatentRule& rule) const;
  const RuleError& best() const;
};

// Reconstructs `images` ([N,C,S,S], any device) by all three rules with the noise [K,Z] of average:K, K >= 2; each
// number equals that of reconstruct() by that rule.
Validation validate(const ReversedAutoencoder& model, const at::Tensor& images, const at::Tensor& noise,
                    int batch_size);

// `Val/Val_loss_*` (squared error a pixel by `rule`, as the reference logs it) and `Val/squared_error_*` and
// `Val/own_share_*`; `Val/kl`, `Val/active_latents` and `Val/kl_per_latent` (a text: three digits a dimension, a space
// between); `Val/contrast_share` and `Val/output_level`, by which collapsed_to() judges. All with another word than Val
// where `task` says so.
MetricRow validation_metrics(const Validation& validation, const LatentRule& rule, const std::string& task);

// "black", "white" or "gray" when the reconstructions have lost their contrast: the same empty picture for every
// input.
std::optional<std::string> collapsed_to(const Validation& validation);

// What a model must beat: the squared error on `validation` of the mean training picture and of black.
struct Yardsticks {
  double mean_picture, black;
};
Yardsticks measure_yardsticks(const at::Tensor& training, const at::Tensor& validation);

}  // namespace ra

#include "ra/training/introspective_step.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"
#include "ra/training/gradients.h"
#include "ra/training/losses.h"

namespace ra {
namespace {

void require_finite(const std::vector<NamedTensor>& terms) {
  for (const NamedTensor& term : terms) {
    if (!term.tensor.defined()) continue;
    const auto value = term.tensor.item<double>();
    if (!std::isfinite(value)) {
      throw NonFiniteStep(
          ErrorCode::kFailed,
          fmt::format("the loss term {} is {}; a smaller learning rate or a longer warm-up usually helps, "
                      "and the training pictures should be checked",
                      term.name, value));
    }
  }
}

// The share of exponential terms that teach nothing any more: exp(-2 scale (beta_rec * error + beta_neg * kl)) of each.
double saturated_share(const StepTerms& terms, double scale, const LossOptions& loss) {
  const double limit = -std::log(kSaturated) / (2.0 * scale);
  const at::Tensor errors = at::cat({terms.e_rec_rec_each, terms.e_rec_fake_each});
  const at::Tensor divergences = at::cat({terms.e_kl_rec_each, terms.e_kl_fake_each});
  return (loss.beta_rec * errors + loss.beta_neg * divergences > limit).to(at::kDouble).mean().item<double>();
}

void detach(at::Tensor& tensor) { tensor = tensor.detach(); }

}  // namespace

std::vector<NamedTensor> StepTerms::scalars() const {
  return {{"e_loss_rec", e_loss_rec},
          {"e_kl_real", e_kl_real},
          {"e_loss_embedding", e_loss_embedding},
          {"e_expelbo_rec", e_expelbo_rec},
          {"e_expelbo_fake", e_expelbo_fake},
          {"e_loss_real", e_loss_real},
          {"e_loss_fake", e_loss_fake},
          {"e_loss", e_loss},
          {"d_loss_rec", d_loss_rec},
          {"d_kl_rec", d_kl_rec},
          {"d_kl_fake", d_kl_fake},
          {"d_loss_rec_rec", d_loss_rec_rec},
          {"d_loss_rec_fake", d_loss_rec_fake},
          {"d_loss", d_loss}};
}

std::vector<NamedTensor> StepTerms::each() const {
  return {{"e_rec_rec_each", e_rec_rec_each},
          {"e_rec_fake_each", e_rec_fake_each},
          {"e_kl_rec_each", e_kl_rec_each},
          {"e_kl_fake_each", e_kl_fake_each}};
}

IntrospectiveStep::IntrospectiveStep(ReversedAutoencoder& model, const LossOptions& loss, BatchNormMode batch_norm,
                                     double learning_rate)
    : model_(&model),
      loss_(loss),
      batch_norm_(batch_norm),
      scale_(1.0 / (static_cast<double>(model.options().image_size) * model.options().image_size)),
      encoder_adam_(model.encoder_parameters(), learning_rate),
      decoder_adam_(model.decoder_parameters(), learning_rate) {}

void IntrospectiveStep::set_learning_rate(double learning_rate) {
  encoder_adam_.set_learning_rate(learning_rate);
  decoder_adam_.set_learning_rate(learning_rate);
}

double IntrospectiveStep::take_gradients(const Adam& adam, const char* half) const {
  const double norm = gradient_norm(adam.parameters());
  if (!std::isfinite(norm)) {
    throw NonFiniteStep(ErrorCode::kFailed,
                        fmt::format("the gradient of the {} is not finite; a smaller learning rate, "
                                    "training.gradient_clip or a longer warm-up usually helps",
                                    half));
  }
  clip_gradients(adam.parameters(), norm, gradient_clip_);
  return norm;
}

StepTerms IntrospectiveStep::step(const at::Tensor& real, const StepNoise& noise) {
  StepTerms terms;
  const at::Tensor z = update_encoder(real, noise, terms);
  update_decoder(real, z, noise, terms);
  return terms;
}

at::Tensor IntrospectiveStep::update_encoder(const at::Tensor& real, const StepNoise& noise, StepTerms& terms) {
  encoder_adam_.require_grad(true);
  decoder_adam_.require_grad(false);
  const at::Tensor fake = decode(noise.prior);
  const Encoder::Output posterior = encode(real);
  const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, noise.real);
  const at::Tensor rec = decode(z);
  const at::Tensor rec_input = rec.detach();
  const std::vector<at::Tensor> rec_embeddings = encode(rec_input).embeddings;
  const Encoder::Output of_rec = encode(rec_input);
  const at::Tensor rec_rec = decode(sample_latent(of_rec.mean, of_rec.log_variance, noise.rec_encoder));
  const Encoder::Output of_fake = encode(fake);
  const at::Tensor rec_fake = decode(sample_latent(of_fake.mean, of_fake.log_variance, noise.fake_encoder));

  terms.e_loss_rec = squared_error(real, rec).mean();
  terms.e_kl_real = kl_divergence(posterior.mean, posterior.log_variance).mean();
  terms.e_loss_embedding = embedding_loss(posterior.embeddings, rec_embeddings);
  // `rec` keeps its graph as a target, so this term also reaches the encoder through the first reconstruction.
  terms.e_rec_rec_each = squared_error(rec, rec_rec);
  terms.e_rec_fake_each = squared_error(fake, rec_fake);
  terms.e_kl_rec_each = kl_divergence(of_rec.mean, of_rec.log_variance);
  terms.e_kl_fake_each = kl_divergence(of_fake.mean, of_fake.log_variance);
  terms.e_expelbo_rec = exp_elbo(terms.e_rec_rec_each, terms.e_kl_rec_each, scale_, loss_.beta_rec, loss_.beta_neg);
  terms.e_expelbo_fake = exp_elbo(terms.e_rec_fake_each, terms.e_kl_fake_each, scale_, loss_.beta_rec, loss_.beta_neg);
  terms.e_loss_real = scale_ * (loss_.beta_rec * terms.e_loss_rec + loss_.beta_kl * terms.e_kl_real);
  terms.e_loss_fake = 0.25 * (terms.e_expelbo_rec + terms.e_expelbo_fake);
  terms.e_loss = terms.e_loss_real + terms.e_loss_fake + loss_.embedding_weight * terms.e_loss_embedding;
  require_finite(terms.scalars());
  encoder_adam_.zero_grad();
  terms.e_loss.backward();
  terms.e_gradient_norm = take_gradients(encoder_adam_, "encoder");
  encoder_adam_.step();

  for (at::Tensor* term :
       {&terms.e_loss_rec, &terms.e_kl_real, &terms.e_loss_embedding, &terms.e_expelbo_rec, &terms.e_expelbo_fake,
        &terms.e_loss_real, &terms.e_loss_fake, &terms.e_loss, &terms.e_rec_rec_each, &terms.e_rec_fake_each,
        &terms.e_kl_rec_each, &terms.e_kl_fake_each}) {
    detach(*term);
  }
  terms.saturated_share = saturated_share(terms, scale_, loss_);
  return z.detach();
}

void IntrospectiveStep::update_decoder(const at::Tensor& real, const at::Tensor& z, const StepNoise& noise,
                                       StepTerms& terms) {
  encoder_adam_.require_grad(false);
  decoder_adam_.require_grad(true);
  const at::Tensor fake = decode(noise.prior);
  const at::Tensor rec = decode(z);
  const Encoder::Output of_rec = encode(rec);
  const Encoder::Output of_fake = encode(fake);
  const at::Tensor z_rec = sample_latent(of_rec.mean, of_rec.log_variance, noise.rec_decoder);
  const at::Tensor z_fake = sample_latent(of_fake.mean, of_fake.log_variance, noise.fake_decoder);
  const at::Tensor rec_rec = decode(z_rec.detach());
  const at::Tensor rec_fake = decode(z_fake.detach());

  terms.d_loss_rec = squared_error(real, rec).mean();
  terms.d_kl_rec = kl_divergence(of_rec.mean, of_rec.log_variance).mean();
  terms.d_kl_fake = kl_divergence(of_fake.mean, of_fake.log_variance).mean();
  terms.d_loss_rec_rec = squared_error(rec.detach(), rec_rec).mean();
  terms.d_loss_rec_fake = squared_error(fake.detach(), rec_fake).mean();
  terms.d_loss =
      scale_ * (loss_.beta_rec * terms.d_loss_rec + 0.5 * loss_.beta_kl * (terms.d_kl_rec + terms.d_kl_fake) +
                0.5 * loss_.gamma_r * loss_.beta_rec * (terms.d_loss_rec_rec + terms.d_loss_rec_fake));
  require_finite(terms.scalars());
  decoder_adam_.zero_grad();
  terms.d_loss.backward();
  terms.d_gradient_norm = take_gradients(decoder_adam_, "decoder");
  decoder_adam_.step();

  for (at::Tensor* term : {&terms.d_loss_rec, &terms.d_kl_rec, &terms.d_kl_fake, &terms.d_loss_rec_rec,
                           &terms.d_loss_rec_fake, &terms.d_loss}) {
    detach(*term);
  }
  encoder_adam_.require_grad(true);
}

WarmupTerms IntrospectiveStep::warm_up(const at::Tensor& real, const at::Tensor& noise, double beta_kl) {
  encoder_adam_.require_grad(true);
  decoder_adam_.require_grad(true);
  const Encoder::Output posterior = encode(real);
  const at::Tensor rec = decode(sample_latent(posterior.mean, posterior.log_variance, noise));
  WarmupTerms terms;
  terms.loss_rec = squared_error(real, rec).mean();
  terms.kl_real = kl_divergence(posterior.mean, posterior.log_variance).mean();
  terms.loss = scale_ * (0.5 * terms.loss_rec + beta_kl * terms.kl_real);
  require_finite({{"loss_rec", terms.loss_rec}, {"kl_real", terms.kl_real}, {"loss", terms.loss}});
  encoder_adam_.zero_grad();
  decoder_adam_.zero_grad();
  terms.loss.backward();
  terms.e_gradient_norm = take_gradients(encoder_adam_, "encoder");
  terms.d_gradient_norm = take_gradients(decoder_adam_, "decoder");
  decoder_adam_.step();
  encoder_adam_.step();
  for (at::Tensor* term : {&terms.loss_rec, &terms.kl_real, &terms.loss}) detach(*term);
  return terms;
}

}  // namespace ra

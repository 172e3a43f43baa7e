#include "ra/training/introspective_step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "ra/training/gradients.h"
#include "ra/training/losses.h"
#include "ra/training/step_network.h"

namespace ra {

// Note [Fidelity]: `exact` makes every pass through the network that the reference makes, layer by layer; in float32 on
// the CPU its 3x3 convolutions are Winograd's (model/winograd.h), which cuDNN has, too. `fast`, with frozen batch norm,
//   1. encodes rec once in the encoder's half: the reference does so twice with the same weights, once for the
//   embeddings
//      and once for the posterior. Exact: the same numbers come out, and gradients add up to the same sum;
//   2. decodes the prior's latent and z once a step: the decoder does not move before its own half. Exact: the graphs
//   of
//      both passes are kept, the encoder's half takes gradients of the encoder's parameters alone, the decoder's half
//      those of the decoder's;
//   3. encodes rec and fake as one batch, and decodes their latents as one. Exact: with frozen batch norm a sample does
//      not see its batch;
//   4. leaves out the two re-decoded terms of the decoder's half (d_loss_rec_rec, d_loss_rec_fake) where their weight
//      gamma_r is below kNegligibleWeight; the paper's is 1e-8. Not exact: the decoder's gradient differs by gamma_r
//      times that of those terms, 1e-8 of the reconstruction's;
//   5. folds batch norm into the convolutions (Note [Folding] in model/folded_network.h), and an upsampling into the
//   one
//      behind it (Note [Phases] in model/convolution.h). Exact but for rounding; the gradients of batch norm's weights,
//      where large numbers cancel, feel it most.
// docs/training.md has the measured differences.

// What the encoder's half computes its terms from. The embeddings are of the real batch and of rec.
struct EncoderPasses {
  at::Tensor real, fake, rec;
  Encoder::Output posterior;
  std::vector<at::Tensor> rec_embeddings;
  Encoder::Output of_rec, of_fake;
  at::Tensor rec_rec, rec_fake;
};

// What the decoder's half computes its terms from; rec_rec and rec_fake are undefined where they are left out.
struct DecoderPasses {
  at::Tensor real, fake, rec;
  Encoder::Output of_rec, of_fake;
  at::Tensor rec_rec, rec_fake;
};

namespace {

// `count` samples of an encoder's output, without its embeddings.
Encoder::Output part_of(const Encoder::Output& output, std::int64_t first, std::int64_t count) {
  return {output.mean.narrow(0, first, count), output.log_variance.narrow(0, first, count), {}};
}

// The first samples of images [N,C,H,W]. Unlike narrow(), whose gradient is laid out channel by channel, it keeps to
// channels last.
class FirstSamples : public torch::autograd::Function<FirstSamples> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& images, std::int64_t count) {
    context->saved_data["all"] = images.size(0);
    return images.narrow(0, 0, count);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor& first = gradients[0];
    const std::int64_t count = first.size(0), rest = context->saved_data["all"].toInt() - count;
    at::Tensor all = at::empty({count + rest, first.size(1), first.size(2), first.size(3)}, first.options(),
                               at::MemoryFormat::ChannelsLast);
    all.narrow(0, 0, count).copy_(first);
    all.narrow(0, count, rest).zero_();
    return {all, at::Tensor()};
  }
};

at::Tensor sampled(const Encoder::Output& output, const at::Tensor& noise) {
  return sample_latent(output.mean, output.log_variance, noise);
}

// In the type of `like`: losses of a bf16 network are computed in float32.
std::vector<at::Tensor> as(const at::Tensor& like, std::vector<at::Tensor> tensors) {
  for (at::Tensor& tensor : tensors) tensor = tensor.to(like.scalar_type());
  return tensors;
}

// The share of exponential terms that teach nothing any more: exp(-2 scale (beta_rec * error + beta_neg * kl)) of each.
at::Tensor saturated_share(const StepTerms& terms, double scale, const LossOptions& loss) {
  const double limit = -std::log(kSaturated) / (2.0 * scale);
  const at::Tensor errors = at::cat({terms.e_rec_rec_each, terms.e_rec_fake_each}).detach();
  const at::Tensor divergences = at::cat({terms.e_kl_rec_each, terms.e_kl_fake_each}).detach();
  return (loss.beta_rec * errors + loss.beta_neg * divergences > limit).to(errors.scalar_type()).mean();
}

}  // namespace

IntrospectiveStep::IntrospectiveStep(ReversedAutoencoder& model, const LossOptions& loss, BatchNormMode batch_norm,
                                     double learning_rate, StepMode mode)
    : model_(&model),
      loss_(loss),
      batch_norm_(batch_norm),
      mode_(mode),
      scale_(1.0 / (static_cast<double>(model.options().image_size) * model.options().image_size)),
      encoder_adam_(model.encoder_parameters(), learning_rate),
      decoder_adam_(model.decoder_parameters(), learning_rate) {
  require_possible(batch_norm, mode);
}

void IntrospectiveStep::set_learning_rate(double learning_rate) {
  encoder_adam_.set_learning_rate(learning_rate);
  decoder_adam_.set_learning_rate(learning_rate);
}

void IntrospectiveStep::move(Adam& adam, const at::Tensor& norm, const at::Tensor& skip) const {
  clip_gradients(adam.parameters(), norm, gradient_clip_);
  adam.step(skip);
}

UnreadStep IntrospectiveStep::start(const at::Tensor& real, const StepNoise& noise) {
  UnreadStep step;
  if (mode_.fidelity == Fidelity::kFast) {
    const Handover handover = update_encoder_fast(real, noise, step);
    update_decoder_fast(real, handover, noise, step);
  } else {
    const at::Tensor z = update_encoder(real, noise, step);
    update_decoder(real, z, noise, step);
  }
  encoder_adam_.require_grad(true);
  return step;
}

StepTerms IntrospectiveStep::read(UnreadStep step) {
  StepTerms& terms = step.terms;
  const at::Tensor of_encoder = step.of_encoder.cpu(), of_decoder = step.of_decoder.cpu();
  try {
    take_values(terms_of_encoder(terms), of_encoder);
    terms.e_gradient_norm = norm_at(of_encoder, -1, "encoder");
    terms.saturated_share = of_encoder[-2].item<double>();
  } catch (const NonFiniteStep&) {
    encoder_adam_.count_steps(-1);
    decoder_adam_.count_steps(-1);
    throw;
  }
  try {
    take_values(terms_of_decoder(terms), of_decoder);
    terms.d_gradient_norm = norm_at(of_decoder, -1, "decoder");
  } catch (const NonFiniteStep&) {
    decoder_adam_.count_steps(-1);
    throw;
  }
  return std::move(step.terms);
}

at::Tensor IntrospectiveStep::update_encoder(const at::Tensor& real, const StepNoise& noise, UnreadStep& step) {
  encoder_adam_.require_grad(true);
  decoder_adam_.require_grad(false);
  StepNetwork network(*model_, batch_norm_, mode_);
  EncoderPasses passes;
  passes.real = real;
  passes.fake = network.decode(noise.prior);
  passes.posterior = network.encode(real);
  const at::Tensor z = sampled(passes.posterior, noise.real);
  passes.rec = network.decode(z);
  const at::Tensor rec_input = passes.rec.detach();
  passes.rec_embeddings = network.encode(rec_input).embeddings;
  passes.of_rec = network.encode(rec_input);
  passes.rec_rec = network.decode(sampled(passes.of_rec, noise.rec_encoder));
  passes.of_fake = network.encode(passes.fake);
  passes.rec_fake = network.decode(sampled(passes.of_fake, noise.fake_encoder));
  finish_encoder(passes, step);
  return z.detach();
}

IntrospectiveStep::Handover IntrospectiveStep::update_encoder_fast(const at::Tensor& real, const StepNoise& noise,
                                                                   UnreadStep& step) {
  encoder_adam_.require_grad(true);
  decoder_adam_.require_grad(true);
  StepNetwork network(*model_, batch_norm_, mode_);
  Handover handover;
  handover.fake = network.decode(noise.prior);
  EncoderPasses passes;
  passes.real = real;
  passes.fake = handover.fake.detach();
  passes.posterior = network.encode(real);
  passes.rec = handover.rec = network.decode(sampled(passes.posterior, noise.real));
  const std::int64_t count = real.size(0);
  const Encoder::Output of_both = network.encode(at::cat({passes.rec.detach(), passes.fake}));
  passes.of_rec = part_of(of_both, 0, count);
  passes.of_fake = part_of(of_both, count, count);
  for (const at::Tensor& embedding : of_both.embeddings) {
    passes.rec_embeddings.push_back(FirstSamples::apply(embedding, count));
  }
  const at::Tensor both = network.decode(sampled(of_both, at::cat({noise.rec_encoder, noise.fake_encoder})));
  passes.rec_rec = both.narrow(0, 0, count);
  passes.rec_fake = both.narrow(0, count, count);
  finish_encoder(passes, step);
  return handover;
}

void IntrospectiveStep::finish_encoder(const EncoderPasses& passes, UnreadStep& step) {
  StepTerms& terms = step.terms;
  const auto& [real, fake, rec, posterior, rec_embeddings, of_rec, of_fake, rec_rec, rec_fake] = passes;
  terms.e_loss_rec = squared_error(real, rec).mean();
  terms.e_kl_real = kl_divergence(posterior.mean, posterior.log_variance).mean();
  terms.e_loss_embedding = embedding_loss(as(real, posterior.embeddings), as(real, rec_embeddings));
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
  encoder_adam_.zero_grad();
  // With fidelity fast the decoder's graphs serve its own half once more.
  terms.e_loss.backward({}, mode_.fidelity == Fidelity::kFast, false, encoder_adam_.parameters());
  for (at::Tensor* term :
       {&terms.e_rec_rec_each, &terms.e_rec_fake_each, &terms.e_kl_rec_each, &terms.e_kl_fake_each}) {
    *term = term->detach();
  }
  const at::Tensor norm = gradient_norm(encoder_adam_.parameters());
  step.of_encoder = packed(terms_of_encoder(terms), {saturated_share(terms, scale_, loss_), norm});
  move(encoder_adam_, norm, skip_of(step.of_encoder));
}

void IntrospectiveStep::update_decoder(const at::Tensor& real, const at::Tensor& z, const StepNoise& noise,
                                       UnreadStep& step) {
  encoder_adam_.require_grad(false);
  decoder_adam_.require_grad(true);
  StepNetwork network(*model_, batch_norm_, mode_);
  DecoderPasses passes;
  passes.real = real;
  passes.fake = network.decode(noise.prior);
  passes.rec = network.decode(z);
  passes.of_rec = network.encode(passes.rec);
  passes.of_fake = network.encode(passes.fake);
  passes.rec_rec = network.decode(sampled(passes.of_rec, noise.rec_decoder).detach());
  passes.rec_fake = network.decode(sampled(passes.of_fake, noise.fake_decoder).detach());
  finish_decoder(passes, step);
}

void IntrospectiveStep::update_decoder_fast(const at::Tensor& real, const Handover& from, const StepNoise& noise,
                                            UnreadStep& step) {
  encoder_adam_.require_grad(false);
  StepNetwork network(*model_, batch_norm_, mode_);
  const std::int64_t count = real.size(0);
  const Encoder::Output of_both = network.encode(at::cat({from.rec, from.fake}));
  DecoderPasses passes{real, from.fake, from.rec, part_of(of_both, 0, count), part_of(of_both, count, count), {}, {}};
  if (loss_.gamma_r >= kNegligibleWeight) {
    const at::Tensor z = sampled(of_both, at::cat({noise.rec_decoder, noise.fake_decoder})).detach();
    const at::Tensor both = network.decode(z);
    passes.rec_rec = both.narrow(0, 0, count);
    passes.rec_fake = both.narrow(0, count, count);
  }
  finish_decoder(passes, step);
}

void IntrospectiveStep::finish_decoder(const DecoderPasses& passes, UnreadStep& step) {
  StepTerms& terms = step.terms;
  const auto& [real, fake, rec, of_rec, of_fake, rec_rec, rec_fake] = passes;
  terms.d_loss_rec = squared_error(real, rec).mean();
  terms.d_kl_rec = kl_divergence(of_rec.mean, of_rec.log_variance).mean();
  terms.d_kl_fake = kl_divergence(of_fake.mean, of_fake.log_variance).mean();
  at::Tensor loss = loss_.beta_rec * terms.d_loss_rec + 0.5 * loss_.beta_kl * (terms.d_kl_rec + terms.d_kl_fake);
  if (rec_rec.defined()) {
    terms.d_loss_rec_rec = squared_error(rec.detach(), rec_rec).mean();
    terms.d_loss_rec_fake = squared_error(fake.detach(), rec_fake).mean();
    loss = loss + 0.5 * loss_.gamma_r * loss_.beta_rec * (terms.d_loss_rec_rec + terms.d_loss_rec_fake);
  }
  terms.d_loss = scale_ * loss;
  decoder_adam_.zero_grad();
  terms.d_loss.backward({}, false, false, decoder_adam_.parameters());
  const at::Tensor norm = gradient_norm(decoder_adam_.parameters());
  step.of_decoder = packed(terms_of_decoder(terms), {norm});
  // Nor after an encoder's half that could not move.
  move(decoder_adam_, norm, skip_of(step.of_decoder, skip_of(step.of_encoder)));
}

UnreadWarmup IntrospectiveStep::start_warm_up(const at::Tensor& real, const at::Tensor& noise, double beta_kl) {
  encoder_adam_.require_grad(true);
  decoder_adam_.require_grad(true);
  StepNetwork network(*model_, batch_norm_, mode_);
  const Encoder::Output posterior = network.encode(real);
  const at::Tensor rec = network.decode(sampled(posterior, noise));
  UnreadWarmup step;
  WarmupTerms& terms = step.terms;
  terms.loss_rec = squared_error(real, rec).mean();
  terms.kl_real = kl_divergence(posterior.mean, posterior.log_variance).mean();
  terms.loss = scale_ * (0.5 * terms.loss_rec + beta_kl * terms.kl_real);
  encoder_adam_.zero_grad();
  decoder_adam_.zero_grad();
  terms.loss.backward();
  const at::Tensor e_norm = gradient_norm(encoder_adam_.parameters());
  const at::Tensor d_norm = gradient_norm(decoder_adam_.parameters());
  step.values = packed(terms_of_warmup(terms), {e_norm, d_norm});
  const at::Tensor skip = skip_of(step.values);
  move(decoder_adam_, d_norm, skip);
  move(encoder_adam_, e_norm, skip);
  return step;
}

WarmupTerms IntrospectiveStep::read(UnreadWarmup step) {
  const at::Tensor values = step.values.cpu();
  try {
    take_values(terms_of_warmup(step.terms), values);
    step.terms.e_gradient_norm = norm_at(values, -2, "encoder");
    step.terms.d_gradient_norm = norm_at(values, -1, "decoder");
  } catch (const NonFiniteStep&) {
    encoder_adam_.count_steps(-1);
    decoder_adam_.count_steps(-1);
    throw;
  }
  return std::move(step.terms);
}

}  // namespace ra

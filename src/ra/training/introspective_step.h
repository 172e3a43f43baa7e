#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ra/model/reversed_autoencoder.h"
#include "ra/training/adam.h"
#include "ra/training/step_terms.h"
#include "ra/training/training_options.h"

namespace ra {

// Standard normal draws of one step, each [N,Z] in the model's dtype, in the order in which they are used.
struct StepNoise {
  at::Tensor prior;         // latent of the generated ("fake") images
  at::Tensor real;          // encoder update: posterior of the real batch
  at::Tensor rec_encoder;   // encoder update: posterior of the reconstruction
  at::Tensor fake_encoder;  // encoder update: posterior of the generated image
  at::Tensor rec_decoder;   // decoder update: posterior of the reconstruction
  at::Tensor fake_decoder;  // decoder update: posterior of the generated image
};

// An exponential term this small has a gradient of next to nothing.
inline constexpr double kSaturated = 1e-3;

// Fidelity fast leaves out terms whose weight is below this.
inline constexpr double kNegligibleWeight = 1e-6;

struct EncoderPasses;
struct DecoderPasses;

// One training step: the encoder moves, then the decoder (REFERENCE.md, "One training step"). With fidelity exact the
// network is called in the reference's order, which matters where batch norm tracks the batch:
//   encoder update: D(prior) E(real) D(z) E(rec) E(rec) D(.) E(fake) D(.)
//   decoder update: D(prior) D(z) E(rec) E(fake) D(.) D(.)
// and with fidelity fast (Note [Fidelity] in introspective_step.cc), brackets being one batch:
//   encoder update: D(prior) E(real) D(z) E[rec fake] D[. .]
//   decoder update: E[rec fake]
// Gradients of the parameters stay readable after a step. A term or a gradient that is not finite moves neither its
// half of the network nor the other one after it; read() throws NonFiniteStep (kFailed) with its name. Nothing waits
// for the device before read(), so that several steps may be given to it ahead.
class IntrospectiveStep {
 public:
  // `model` must outlive the step, and keeps its dtype and device from here on.
  // kUsage for fidelity fast with batch norm by the batch.
  IntrospectiveStep(ReversedAutoencoder& model, const LossOptions& loss, BatchNormMode batch_norm, double learning_rate,
                    StepMode mode = {});

  // real: [N,C,S,S] in [0,1], in the model's dtype.
  UnreadStep start(const at::Tensor& real, const StepNoise& noise);
  // A plain VAE's step with the same optimisers: scale * (0.5 * squared error + beta_kl * KL); noise is [N,Z].
  UnreadWarmup start_warm_up(const at::Tensor& real, const at::Tensor& noise, double beta_kl);

  // The terms of steps, each once and in the order of the steps.
  StepTerms read(UnreadStep step);
  WarmupTerms read(UnreadWarmup step);

  // start and read.
  StepTerms step(const at::Tensor& real, const StepNoise& noise) { return read(start(real, noise)); }
  WarmupTerms warm_up(const at::Tensor& real, const at::Tensor& noise, double beta_kl) {
    return read(start_warm_up(real, noise, beta_kl));
  }

  void set_learning_rate(double learning_rate);
  // Largest norm of each half's gradients; 0, as at first, for no limit.
  void set_gradient_clip(double limit) { gradient_clip_ = limit; }
  Adam& encoder_adam() { return encoder_adam_; }
  Adam& decoder_adam() { return decoder_adam_; }
  const Adam& encoder_adam() const { return encoder_adam_; }
  const Adam& decoder_adam() const { return decoder_adam_; }

 private:
  // D(prior) and D(z) with their graphs, for the decoder's half.
  struct Handover {
    at::Tensor fake, rec;
  };

  // Returns z of the real batch, detached.
  at::Tensor update_encoder(const at::Tensor& real, const StepNoise& noise, UnreadStep& step);
  void update_decoder(const at::Tensor& real, const at::Tensor& z, const StepNoise& noise, UnreadStep& step);
  Handover update_encoder_fast(const at::Tensor& real, const StepNoise& noise, UnreadStep& step);
  void update_decoder_fast(const at::Tensor& real, const Handover& from, const StepNoise& noise, UnreadStep& step);
  // The terms of a half out of what the network has computed, the backward pass and the move.
  void finish_encoder(const EncoderPasses& passes, UnreadStep& step);
  void finish_decoder(const DecoderPasses& passes, UnreadStep& step);
  // Clips the gradients, which have this norm, and moves; not where `skip` is 1.
  void move(Adam& adam, const at::Tensor& norm, const at::Tensor& skip) const;

  ReversedAutoencoder* model_;
  LossOptions loss_;
  BatchNormMode batch_norm_;
  StepMode mode_;
  double scale_;  // 1 / (image side)^2
  double gradient_clip_ = 0.0;
  Adam encoder_adam_, decoder_adam_;
};

}  // namespace ra

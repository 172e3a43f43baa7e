#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ra/base/error.h"
#include "ra/model/state_dict.h"

namespace ra {

// A loss term or a gradient of a step is not finite: the half of the network that it would have moved has not moved,
// nor one behind it.
class NonFiniteStep : public Error {
 public:
  using Error::Error;
};

// Every term of one introspective step, detached. Scalars on the CPU; those that end in `_each` are [N].
struct StepTerms {
  at::Tensor e_loss_rec;        // squared error of the reconstruction
  at::Tensor e_kl_real;         // KL divergence of the real batch
  at::Tensor e_loss_embedding;  // reversed embedding loss
  at::Tensor e_expelbo_rec, e_expelbo_fake;
  at::Tensor e_loss_real, e_loss_fake;
  at::Tensor e_loss;  // what the encoder minimises
  at::Tensor e_rec_rec_each, e_rec_fake_each, e_kl_rec_each, e_kl_fake_each;
  at::Tensor d_loss_rec;
  at::Tensor d_kl_rec, d_kl_fake;
  at::Tensor d_loss_rec_rec, d_loss_rec_fake;
  at::Tensor d_loss;  // what the decoder minimises
  // Not terms of a loss, but what one wants to know of a step: the norms of the gradients before clipping, and the
  // share of the exponential terms that are below kSaturated, where they no longer teach anything.
  double e_gradient_norm = 0.0, d_gradient_norm = 0.0, saturated_share = 0.0;

  // The 14 scalars and the 4 terms a sample, under the names above and in this order. Fidelity fast leaves out
  // d_loss_rec_rec and d_loss_rec_fake where their weight is negligible: they are then undefined, and not among these.
  std::vector<NamedTensor> scalars() const;
  std::vector<NamedTensor> each() const;
};

// A step that has been given to the device and whose terms have not been read back.
struct UnreadStep {
  StepTerms terms;  // on the device
  // Float64: the terms of a half that are read, and the norm of its gradients.
  at::Tensor of_encoder, of_decoder;
};

// Terms of one plain-VAE step, detached scalars on the CPU.
struct WarmupTerms {
  at::Tensor loss_rec;  // squared error of the reconstruction
  at::Tensor kl_real;   // KL divergence of the batch
  at::Tensor loss;      // what both halves minimise
  double e_gradient_norm = 0.0, d_gradient_norm = 0.0;
};

// A plain VAE's step that has been given to the device and not read back.
struct UnreadWarmup {
  WarmupTerms terms;
  at::Tensor values;  // float64: the terms and the norms of both halves' gradients
};

// A term of a half: how it is called, and where it is.
struct TermToRead {
  const char* name;
  at::Tensor* term;
};

// The terms of a half or of a warm-up step, in the order in which they are read.
std::vector<TermToRead> terms_of_encoder(StepTerms& terms);
std::vector<TermToRead> terms_of_decoder(StepTerms& terms);
std::vector<TermToRead> terms_of_warmup(WarmupTerms& terms);

// Lets go of the terms' graphs. One float64 tensor on the device, so that one transfer reads all; `more` are scalars
// behind the terms.
at::Tensor packed(const std::vector<TermToRead>& terms, const std::vector<at::Tensor>& more);

// 1 where one of the values is not finite, else 0, and 1 where `before` is: what Adam::step() skips by.
at::Tensor skip_of(const at::Tensor& values, const at::Tensor& before = {});

// Replaces the terms by their values on the CPU; NonFiniteStep naming the first that is not finite.
void take_values(const std::vector<TermToRead>& terms, const at::Tensor& values);

// The norm of the gradients of `half`, at a place from the end of its values; NonFiniteStep where it is not finite.
double norm_at(const at::Tensor& values, std::int64_t place, const char* half);

}  // namespace ra

#include "ra/training/step_network.h"

#include <ATen/ATen.h>

namespace ra {

StepNetwork::StepNetwork(const ReversedAutoencoder& model, BatchNormMode batch_norm, StepMode mode)
    : model_(model),
      pass_(batch_norm, mode.precision == Precision::kFp32 ? ConvolutionMethod::kWinograd : ConvolutionMethod::kDirect),
      precision_(mode.precision) {
  if (mode.fidelity == Fidelity::kExact) return;
  const at::Tensor like = model.state().front().tensor;
  folded_ = {mode.precision == Precision::kBf16 ? at::kBFloat16 : like.scalar_type(), ConvolutionMethod::kWinograd};
}

Encoder::Output StepNetwork::encode(const at::Tensor& x) {
  if (folded_) {
    if (!encoder_) encoder_.emplace(model_.encoder(), *folded_);
    return encoder_->forward(x);
  }
  const PrecisionGuard guard(precision_, x.device().type());
  Encoder::Output output = model_.encoder().forward(x, pass_);
  output.mean = output.mean.to(x.scalar_type());
  output.log_variance = output.log_variance.to(x.scalar_type());
  return output;
}

at::Tensor StepNetwork::decode(const at::Tensor& z) {
  if (folded_) {
    if (!decoder_) decoder_.emplace(model_.decoder(), *folded_);
    return decoder_->forward(z);
  }
  const PrecisionGuard guard(precision_, z.device().type());
  return model_.decoder().forward(z, pass_).to(z.scalar_type());
}

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "ra/model/folded_network.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/training/training_options.h"

namespace ra {

// The network for the passes of a step between two moves of a parameter: with fidelity fast as folded convolutions,
// each half folded when it is first used; else as it is.
class StepNetwork {
 public:
  // `model` must outlive it.
  StepNetwork(const ReversedAutoencoder& model, BatchNormMode batch_norm, StepMode mode);

  // Images [N,C,S,S]; mean and log variance come in their type, embeddings in that of the network's arithmetic.
  Encoder::Output encode(const at::Tensor& x);
  // z [N,Z] -> images [N,C,S,S] in its type.
  at::Tensor decode(const at::Tensor& z);

 private:
  const ReversedAutoencoder& model_;
  PassMode pass_;
  Precision precision_;
  std::optional<FoldedMode> folded_;
  std::optional<FoldedEncoder> encoder_;
  std::optional<FoldedDecoder> decoder_;
};

}  // namespace ra

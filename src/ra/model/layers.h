#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "ra/model/convolution.h"
#include "ra/model/state_dict.h"

namespace ra {

// Note [Frozen batch norm]: the reference copies `model.eval()` after `model.train()` of the same object, so it
// trains in evaluation mode: running statistics never move and batch norm is a per-channel affine map. kFrozen
// does that; kBatch normalises by the batch and tracks it, as soft-intro-VAE intended.
enum class BatchNormMode { kFrozen, kBatch };

// How a pass through the network is computed. A mode of batch norm alone stands for direct convolutions.
struct PassMode {
  BatchNormMode batch_norm;
  ConvolutionMethod convolutions;

  PassMode(BatchNormMode norm, ConvolutionMethod method = ConvolutionMethod::kDirect)  // NOLINT: on purpose implicit
      : batch_norm(norm), convolutions(method) {}
};

// 2-D batch norm with PyTorch's defaults (eps 1e-5, momentum 0.1). Tensors are [channels].
struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var;
  at::Tensor num_batches_tracked;  // int64 scalar

  explicit BatchNorm(int channels);
  at::Tensor forward(const at::Tensor& x, BatchNormMode mode) const;
  void list(const std::string& prefix, StateDict& state) const;
};

// Two 3x3 convolutions with batch norm and LeakyReLU(0.2), added to the input or to its 1x1 `conv_expand`.
// [N,in,H,W] -> [N,out,H,W].
struct ResidualBlock {
  at::Tensor conv_expand;  // undefined for an identity skip
  at::Tensor conv1, conv2;
  BatchNorm bn1, bn2;

  ResidualBlock(int in_channels, int out_channels, bool expand);
  at::Tensor forward(const at::Tensor& x, PassMode mode) const;
  void list(const std::string& prefix, StateDict& state) const;
};

inline constexpr double kLeakySlope = 0.2;
inline constexpr double kBatchNormEpsilon = 1e-5;

}  // namespace ra

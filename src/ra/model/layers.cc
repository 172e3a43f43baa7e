#include "ra/model/layers.h"

#include <ATen/ATen.h>

namespace ra {

BatchNorm::BatchNorm(int channels)
    : weight(at::ones({channels})),
      bias(at::zeros({channels})),
      running_mean(at::zeros({channels})),
      running_var(at::ones({channels})),
      num_batches_tracked(at::zeros({}, at::kLong)) {}

at::Tensor BatchNorm::forward(const at::Tensor& x, BatchNormMode mode) const {
  const bool by_batch = mode == BatchNormMode::kBatch;
  if (by_batch) at::Tensor(num_batches_tracked).add_(1);
  return at::batch_norm(x, weight, bias, running_mean, running_var, by_batch, 0.1, kBatchNormEpsilon, true);
}

void BatchNorm::list(const std::string& prefix, StateDict& state) const {
  state.push_back({prefix + "weight", weight});
  state.push_back({prefix + "bias", bias});
  state.push_back({prefix + "running_mean", running_mean, false});
  state.push_back({prefix + "running_var", running_var, false});
  state.push_back({prefix + "num_batches_tracked", num_batches_tracked, false});
}

ResidualBlock::ResidualBlock(int in_channels, int out_channels, bool expand)
    : conv_expand(expand ? at::empty({out_channels, in_channels, 1, 1}) : at::Tensor()),
      conv1(at::empty({out_channels, in_channels, 3, 3})),
      conv2(at::empty({out_channels, out_channels, 3, 3})),
      bn1(out_channels),
      bn2(out_channels) {}

at::Tensor ResidualBlock::forward(const at::Tensor& x, BatchNormMode mode) const {
  const at::Tensor skip = conv_expand.defined() ? at::conv2d(x, conv_expand) : x;
  at::Tensor y = at::conv2d(x, conv1, {}, 1, 1);
  y = at::leaky_relu(bn1.forward(y, mode), kLeakySlope);
  y = bn2.forward(at::conv2d(y, conv2, {}, 1, 1), mode);
  return at::leaky_relu(y + skip, kLeakySlope);
}

void ResidualBlock::list(const std::string& prefix, StateDict& state) const {
  if (conv_expand.defined()) state.push_back({prefix + "conv_expand.weight", conv_expand});
  state.push_back({prefix + "conv1.weight", conv1});
  bn1.list(prefix + "bn1.", state);
  state.push_back({prefix + "conv2.weight", conv2});
  bn2.list(prefix + "bn2.", state);
}

}  // namespace ra

#include "ra/model/layers.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ra/model/winograd.h"

namespace ra {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A convolution of 3x3 by Winograd's filtering, for autograd.
class WinogradNode : public torch::autograd::Function<WinogradNode> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight) {
    context->save_for_backward({x, weight});
    return convolve(x, weight, {}, {}, 1.0, ConvolutionMethod::kWinograd);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    constexpr auto kMethod = ConvolutionMethod::kWinograd;
    variable_list result(2);
    if (context->needs_input_grad(0)) {
      result[0] = convolution_input_gradient(gradients[0], saved[0], saved[1], kMethod);
    }
    if (context->needs_input_grad(1)) {
      result[1] = convolution_weight_gradient(gradients[0], saved[0], saved[1], kMethod);
    }
    return result;
  }
};

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, PassMode mode) {
  const bool by_winograd =
      mode.convolutions == ConvolutionMethod::kWinograd && winograd_applies(x.sizes(), weight, FilterUse::kGradient);
  return by_winograd ? WinogradNode::apply(x, weight) : at::conv2d(x, weight, {}, 1, 1);
}

}  // namespace

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

at::Tensor ResidualBlock::forward(const at::Tensor& x, PassMode mode) const {
  const at::Tensor skip = conv_expand.defined() ? at::conv2d(x, conv_expand) : x;
  at::Tensor y = bn1.forward(convolution(x, conv1, mode), mode.batch_norm);
  y = bn2.forward(convolution(at::leaky_relu_(y, kLeakySlope), conv2, mode), mode.batch_norm);
  return at::leaky_relu_(y.add_(skip), kLeakySlope);
}

void ResidualBlock::list(const std::string& prefix, StateDict& state) const {
  if (conv_expand.defined()) state.push_back({prefix + "conv_expand.weight", conv_expand});
  state.push_back({prefix + "conv1.weight", conv1});
  bn1.list(prefix + "bn1.", state);
  state.push_back({prefix + "conv2.weight", conv2});
  bn2.list(prefix + "bn2.", state);
}

}  // namespace ra

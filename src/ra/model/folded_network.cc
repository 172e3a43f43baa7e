#include "ra/model/folded_network.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

FoldedConvolution fold(const at::Tensor& weight, const BatchNorm& norm, at::ScalarType dtype, bool phases = false) {
  const at::Tensor factor = norm.weight * (norm.running_var + kBatchNormEpsilon).rsqrt();
  const at::Tensor folded = weight * factor.view({-1, 1, 1, 1});
  return {(phases ? phase_weight(folded).contiguous(kLast) : folded).to(dtype),
          (norm.bias - norm.running_mean * factor).to(dtype)};
}

at::Tensor upsampled(const at::Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

at::Tensor upsampling_gradient(const at::Tensor& gradient) {
  const std::int64_t height = gradient.size(2) / 2, width = gradient.size(3) / 2;
  return at::upsample_nearest2d_backward(gradient, {2 * height, 2 * width},
                                         {gradient.size(0), gradient.size(1), height, width});
}

// Takes a gradient behind LeakyReLU, whose result was y, to before it. Writes over `gradient` where that is ours.
at::Tensor through_activation(const at::Tensor& gradient, const at::Tensor& y) {
  return at::leaky_relu_backward(gradient.contiguous(kLast), y, kLeakySlope, /*self_is_result=*/true);
}
void through_activation_(at::Tensor& gradient, const at::Tensor& y) {
  at::leaky_relu_backward_out(gradient, gradient, y, kLeakySlope, /*self_is_result=*/true);
}

at::Tensor bias_gradient(const at::Tensor& gradient) { return gradient.sum({0, 2, 3}); }

// What the backward pass of a block needs.
struct SavedBlock {
  at::Tensor x, large, hidden, y, weight1, weight2, expand;  // `large` is x, doubled if need be
  bool upsample;
  ConvolutionMethod method;

  bool phases() const { return are_phases(weight1); }
};

// The gradient of a block's input: `inner` is that before the activation of the first convolution, `skip` that of the
// skip path at the size of the input.
at::Tensor block_input_gradient(const SavedBlock& block, const at::Tensor& inner, const at::Tensor& skip) {
  at::Tensor own;
  if (block.phases()) {
    own = convolve_doubled_input_gradient(inner, block.weight1);
  } else {
    own = convolution_input_gradient(inner, block.large, block.weight1, block.method);
    if (block.upsample) own = upsampling_gradient(own);
  }
  return own.add_(block.expand.defined() ? convolution_input_gradient(skip, block.x, block.expand) : skip);
}

class BlockNode : public Function<BlockNode> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight1,
                            const at::Tensor& bias1, const at::Tensor& weight2, const at::Tensor& bias2,
                            const std::optional<at::Tensor>& expand, bool upsample, ConvolutionMethod method) {
    at::Tensor skip = expand ? convolve(x, *expand) : x;
    if (upsample) skip = upsampled(skip);
    const bool phases = are_phases(weight1);
    const at::Tensor large = !upsample || phases ? x : expand ? upsampled(x) : skip;
    const at::Tensor hidden = phases ? convolve_doubled(x, weight1, bias1, kLeakySlope)
                                     : convolve(large, weight1, bias1, {}, kLeakySlope, method);
    const at::Tensor y = convolve(hidden, weight2, bias2, skip, kLeakySlope, method);
    context->saved_data["upsample"] = upsample;
    context->saved_data["expands"] = expand.has_value();
    context->saved_data["winograd"] = method == ConvolutionMethod::kWinograd;
    variable_list saved = {x, large, hidden, y, weight1, weight2};
    if (expand) saved.push_back(*expand);
    context->save_for_backward(std::move(saved));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const bool expands = context->saved_data["expands"].toBool();
    const SavedBlock block{
        saved[0],
        saved[1],
        saved[2],
        saved[3],
        saved[4],
        saved[5],
        expands ? saved[6] : at::Tensor(),
        context->saved_data["upsample"].toBool(),
        context->saved_data["winograd"].toBool() ? ConvolutionMethod::kWinograd : ConvolutionMethod::kDirect};
    const bool trains = context->needs_input_grad(1);
    variable_list result(8);
    const at::Tensor outer = through_activation(gradients[0], block.y);
    if (trains) {
      result[3] = convolution_weight_gradient(outer, block.hidden, block.weight2, block.method);
      result[4] = bias_gradient(outer);
    }
    at::Tensor inner = convolution_input_gradient(outer, block.hidden, block.weight2, block.method);
    through_activation_(inner, block.hidden);
    const at::Tensor skip = block.upsample ? upsampling_gradient(outer) : outer;
    if (trains) {
      result[1] = block.phases() ? convolve_doubled_weight_gradient(inner, block.x, block.weight1)
                                 : convolution_weight_gradient(inner, block.large, block.weight1, block.method);
      result[2] = bias_gradient(inner);
      if (expands) result[5] = convolution_weight_gradient(skip, block.x, block.expand);
    }
    if (context->needs_input_grad(0)) result[0] = block_input_gradient(block, inner, skip);
    return result;
  }
};

// Halves the sides by means of 2x2 pixels. Unlike avg_pool2d()'s own, its gradient is channels last whatever comes in.
class HalveNode : public Function<HalveNode> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return at::avg_pool2d(x, 2);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    return {at::avg_pool2d_backward(gradients[0].contiguous(kLast), context->get_saved_variables()[0], 2, {}, 0,
                                    /*ceil_mode=*/false, /*count_include_pad=*/true, {})};
  }
};

// The encoder's first layer: few channels to many, and LeakyReLU.
class ExpandNode : public Function<ExpandNode> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& image, const at::Tensor& weight,
                            const at::Tensor& bias) {
    at::Tensor y = expand_image(image, weight, bias);
    at::leaky_relu_(y, kLeakySlope);
    context->save_for_backward({image, weight, y});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &image = saved[0], &weight = saved[1], &y = saved[2];
    const at::Tensor inner = through_activation(gradients[0], y);
    variable_list result(3);
    if (context->needs_input_grad(0)) result[0] = expand_image_input_gradient(inner, weight);
    if (context->needs_input_grad(1)) {
      result[1] = expand_image_weight_gradient(inner, image, weight);
      result[2] = bias_gradient(inner);
    }
    return result;
  }
};

// The decoder's last layer, many channels to few, as the transpose of one that expands (weight [K,C,h,w], K many).
class ReduceNode : public Function<ReduceNode> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight) {
    context->save_for_backward({x, weight});
    return expand_image_input_gradient(x, weight);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    variable_list result(2);
    if (context->needs_input_grad(0)) result[0] = expand_image(gradients[0], weight, {});
    if (context->needs_input_grad(1)) result[1] = expand_image_weight_gradient(x, gradients[0], weight);
    return result;
  }
};

void refuse_conditional(bool conditional) {
  if (conditional) throw Error(ErrorCode::kUsage, "a conditional model has no folded form");
}

}  // namespace

FoldedBlock::FoldedBlock(const ResidualBlock& block, FoldedMode mode, std::int64_t pixels, bool doubles)
    : expand(block.conv_expand.defined() ? block.conv_expand.to(mode.dtype) : at::Tensor()),
      first(
          fold(block.conv1, block.bn1, mode.dtype, doubles && phases_apply(mode.dtype, block.conv1.device(), pixels))),
      second(fold(block.conv2, block.bn2, mode.dtype)),
      method(mode.method),
      upsample(doubles) {
  if (!mode.packed) return;
  const std::int64_t inputs = block.conv1.size(1), outputs = block.conv1.size(0), large = doubles ? 2 * pixels : pixels;
  const std::int64_t first_pixels = are_phases(first.weight) ? pixels : large;
  packed = {{first.weight, first.bias, {1, inputs, first_pixels, first_pixels}},
            {second.weight, second.bias, {1, outputs, large, large}},
            {}};
  if (expand.defined()) packed->expand.emplace(expand, at::Tensor(), at::IntArrayRef{1, inputs, pixels, pixels});
  expand = first.weight = second.weight = at::Tensor();
}

at::Tensor FoldedBlock::forward(const at::Tensor& x) const {
  if (!packed) {
    return BlockNode::apply(x, first.weight, first.bias, second.weight, second.bias,
                            expand.defined() ? std::optional(expand) : std::nullopt, upsample, method);
  }
  at::Tensor skip = packed->expand ? packed->expand->forward(x) : x;
  if (upsample) skip = upsampled(skip);
  const bool small = !upsample || packed->first.doubles();
  const at::Tensor hidden = packed->first.forward(small ? x : upsampled(x), {}, kLeakySlope);
  return packed->second.forward(hidden, skip, kLeakySlope);
}

FoldedEncoder::FoldedEncoder(const Encoder& encoder, FoldedMode mode)
    : dtype_(mode.dtype),
      first_(fold(encoder.first_conv_, encoder.first_norm_, dtype_)),
      fc_weight_(encoder.fc_weight_.to(dtype_)),
      fc_bias_(encoder.fc_bias_.to(dtype_)) {
  refuse_conditional(encoder.conditional_);
  // From the outermost: fc tells the side of the innermost features.
  const std::int64_t channels = encoder.blocks_.back().conv2.size(0);
  const auto area = static_cast<double>(encoder.fc_weight_.size(1) / channels);
  std::int64_t pixels = std::lround(std::sqrt(area)) << (encoder.blocks_.size() - 1);
  if (mode.packed) {
    packed_first_.emplace(first_.weight, first_.bias,
                          at::IntArrayRef{1, first_.weight.size(1), 2 * pixels, 2 * pixels});
  }
  for (const ResidualBlock& block : encoder.blocks_) {
    blocks_.emplace_back(block, mode, pixels);
    pixels /= 2;
  }
}

std::vector<at::Tensor> FoldedEncoder::embed(const at::Tensor& x) const {
  const at::Tensor images = x.to(dtype_);
  const at::Tensor first = packed_first_ ? packed_first_->forward(images.contiguous(kLast), {}, kLeakySlope)
                                         : ExpandNode::apply(images, first_.weight, first_.bias);
  std::vector<at::Tensor> embeddings = {HalveNode::apply(first)};
  for (std::size_t level = 1; level < blocks_.size(); ++level) {
    embeddings.push_back(HalveNode::apply(blocks_[level - 1].forward(embeddings.back())));
  }
  return embeddings;
}

Encoder::Output FoldedEncoder::forward(const at::Tensor& x) const {
  Encoder::Output output;
  output.embeddings = embed(x);
  const at::Tensor y = blocks_.back().forward(output.embeddings.back());
  const at::Tensor posterior = at::linear(y.contiguous().flatten(1), fc_weight_, fc_bias_).to(x.scalar_type());
  const auto halves = posterior.chunk(2, 1);
  output.mean = halves[0];
  output.log_variance = halves[1];
  return output;
}

FoldedDecoder::FoldedDecoder(const Decoder& decoder, FoldedMode mode)
    : dtype_(mode.dtype),
      feature_channels_(decoder.feature_channels_),
      feature_size_(decoder.feature_size_),
      fc_weight_(decoder.fc_weight_.to(dtype_)),
      fc_bias_(decoder.fc_bias_.to(dtype_)),
      predict_weight_(decoder.predict_weight_.flip({2, 3}).transpose(0, 1).to(dtype_)),
      predict_bias_(decoder.predict_bias_) {
  refuse_conditional(decoder.conditional_);
  std::int64_t pixels = feature_size_;
  for (const ResidualBlock& block : decoder.blocks_) {
    const bool doubles = !blocks_.empty();
    blocks_.emplace_back(block, mode, pixels, doubles);
    if (doubles) pixels *= 2;
  }
}

at::Tensor FoldedDecoder::forward(const at::Tensor& z) const {
  at::Tensor y = at::relu(at::linear(z.to(dtype_), fc_weight_, fc_bias_));
  y = y.reshape({y.size(0), feature_channels_, feature_size_, feature_size_}).contiguous(kLast);
  for (const FoldedBlock& block : blocks_) y = block.forward(y);
  const at::Tensor logits = ReduceNode::apply(y, predict_weight_).to(z.scalar_type());
  return at::sigmoid(logits + predict_bias_.view({1, -1, 1, 1}));
}

}  // namespace ra

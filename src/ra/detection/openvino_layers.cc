#include "ra/detection/openvino_layers.h"

#include <ATen/ATen.h>

#include <memory>
#include <openvino/opsets/opset8.hpp>
#include <utility>

#include "ra/model/convolution.h"
#include "ra/model/layers.h"

namespace ra::graph {
namespace {

namespace op = ov::opset8;

// Under the root, where the exact path adds 1e-10 to the root itself; both only keep a vector of zeros at zero.
constexpr float kTinySquared = 1e-20F;

Nodes integers(const std::vector<std::int64_t>& values) {
  return op::Constant::create(ov::element::i64, {values.size()}, values);
}

template <class Op, class... Arguments>
Nodes node(Arguments&&... arguments) {
  return std::make_shared<Op>(std::forward<Arguments>(arguments)...);
}

Nodes with_bias(const Nodes& x, const Filters& filters) { return filters.bias ? add(x, *filters.bias) : x; }

std::optional<Nodes> bias_of(const Kernel& kernel) {
  if (!kernel.bias.defined()) return std::nullopt;
  return constant(kernel.bias.reshape({1, -1, 1, 1}));
}

std::int64_t side_of(const Nodes& x) { return static_cast<std::int64_t>(x.get_shape().back()); }

}  // namespace

Nodes constant(const at::Tensor& tensor) {
  const auto values = std::make_shared<at::Tensor>(tensor.to(at::kCPU, at::kFloat).contiguous());
  const ov::Shape shape(values->sizes().begin(), values->sizes().end());
  return node<op::Constant>(ov::element::f32, shape, values->const_data_ptr(), values);
}

Kernel folded(const StateDict& state, const std::string& convolution, const std::string& norm) {
  const auto tensor = [&](const std::string& name) { return find_tensor(state, name); };
  const at::Tensor scale = tensor(norm + ".weight") * (tensor(norm + ".running_var") + kBatchNormEpsilon).rsqrt();
  return {tensor(convolution + ".weight") * scale.reshape({-1, 1, 1, 1}),
          tensor(norm + ".bias") - tensor(norm + ".running_mean") * scale};
}

Filters filters(const Kernel& kernel) { return {constant(kernel.weight), bias_of(kernel)}; }

Nodes convolution(const Nodes& x, const Filters& filters, std::size_t stride, std::ptrdiff_t pad) {
  const ov::CoordinateDiff pads{pad, pad};
  return with_bias(node<op::Convolution>(x, filters.weight, ov::Strides{stride, stride}, pads, pads, ov::Strides{1, 1}),
                   filters);
}

Filters filters_of_twice(const Kernel& kernel) { return {constant(phase_weight(kernel.weight)), bias_of(kernel)}; }

Nodes convolution_of_twice(const Nodes& x, const Filters& filters) {
  const ov::CoordinateDiff pads{1, 1};
  return with_bias(
      node<op::ConvolutionBackpropData>(x, filters.weight, ov::Strides{2, 2}, pads, pads, ov::Strides{1, 1}), filters);
}

Nodes convolution_to_few(const Nodes& x, const Kernel& kernel) {
  const std::int64_t filters_out = kernel.weight.size(0), channels = kernel.weight.size(1),
                     size = kernel.weight.size(2);
  // [out,in,y,x] -> a filter of one line for every row y: [out*y,in,1,x]
  const at::Tensor lines = kernel.weight.permute({0, 2, 1, 3}).reshape({filters_out * size, channels, 1, size});
  // Adds the results of the rows, each taken from its own line of pixels: [out,out*y,y,1].
  const at::Tensor sums = at::zeros({filters_out, filters_out, size, size, 1});
  for (std::int64_t out = 0; out < filters_out; ++out) sums[out][out].squeeze(2).fill_diagonal_(1.0);
  const auto convolved = [](const Nodes& from, const at::Tensor& weight, std::ptrdiff_t rows, std::ptrdiff_t columns) {
    const ov::CoordinateDiff pads{rows, columns};
    return node<op::Convolution>(from, constant(weight), ov::Strides{1, 1}, pads, pads, ov::Strides{1, 1});
  };
  const Nodes by_rows = convolved(x, lines, 0, size / 2);
  return with_bias(convolved(by_rows, sums.flatten(1, 2), size / 2, 0), {{}, bias_of(kernel)});
}

Nodes nearest_twice(const Nodes& x) {
  using Attributes = op::Interpolate::InterpolateAttrs;
  const Attributes attributes(op::Interpolate::InterpolateMode::NEAREST, op::Interpolate::ShapeCalcMode::SIZES, {0, 0},
                              {0, 0}, op::Interpolate::CoordinateTransformMode::ASYMMETRIC,
                              op::Interpolate::NearestMode::FLOOR);
  const std::int64_t side = 2 * side_of(x);
  const Nodes scales = op::Constant::create(ov::element::f32, {2}, {2.0F, 2.0F});
  return node<op::Interpolate>(x, integers({side, side}), scales, integers({2, 3}), attributes);
}

Nodes bilinear(const Nodes& x, std::int64_t side) {
  // What every pixel of an axis gives to those of the result, [from,to]; as two products, since OpenVINO's own
  // interpolation is slow on one channel.
  const at::Tensor shares = at::upsample_linear1d(at::eye(side_of(x)).unsqueeze(0), {side}, false)[0];
  return node<op::MatMul>(node<op::MatMul>(constant(shares), x, true, false), constant(shares), false, false);
}

Nodes average_pool(const Nodes& x) {
  return node<ov::op::v1::AvgPool>(x, ov::Strides{2, 2}, ov::Shape{0, 0}, ov::Shape{0, 0}, ov::Shape{2, 2}, true);
}

Nodes maximum_pool(const Nodes& x) {
  return node<ov::op::v1::MaxPool>(x, ov::Strides{2, 2}, ov::Shape{0, 0}, ov::Shape{0, 0}, ov::Shape{3, 3},
                                   ov::op::RoundingType::CEIL);
}

Nodes relu(const Nodes& x) { return node<op::Relu>(x); }

Nodes leaky_relu(const Nodes& x) {
  return node<op::PRelu>(x, op::Constant::create(ov::element::f32, {1}, {kLeakySlope}));
}

Nodes add(const Nodes& a, const Nodes& b) { return node<op::Add>(a, b); }
Nodes multiply(const Nodes& a, const Nodes& b) { return node<op::Multiply>(a, b); }

Nodes linear(const Nodes& x, const at::Tensor& weight, const at::Tensor& bias) {
  return add(node<op::MatMul>(x, constant(weight), false, true), constant(bias.reshape({1, -1})));
}

Nodes reshape(const Nodes& x, const std::vector<std::int64_t>& shape) {
  return node<op::Reshape>(x, integers(shape), false);
}

Nodes concatenate(const std::vector<Nodes>& parts, std::int64_t axis) {
  return parts.size() == 1 ? parts[0] : node<op::Concat>(parts, axis);
}

Nodes sum_over(const Nodes& x, std::int64_t axis) { return node<op::ReduceSum>(x, integers({axis}), true); }
Nodes mean_over(const Nodes& x, std::int64_t axis) { return node<op::ReduceMean>(x, integers({axis}), true); }

std::vector<Nodes> split(const Nodes& x, std::size_t parts) {
  const Nodes axis = op::Constant::create(ov::element::i64, {}, {0});
  return std::make_shared<op::Split>(x, axis, parts)->outputs();
}

Nodes unit_length(const Nodes& x) {
  return node<op::NormalizeL2>(x, integers({1}), kTinySquared, ov::op::EpsMode::ADD);
}

Nodes squared_difference(const Nodes& a, const Nodes& b) { return node<op::SquaredDifference>(a, b); }

}  // namespace ra::graph

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

Nodes interpolate(const Nodes& x, std::int64_t side, op::Interpolate::InterpolateMode mode,
                  op::Interpolate::CoordinateTransformMode transform) {
  using Attributes = op::Interpolate::InterpolateAttrs;
  const Attributes attributes(mode, op::Interpolate::ShapeCalcMode::SIZES, {0, 0}, {0, 0}, transform,
                              op::Interpolate::NearestMode::FLOOR);
  const float scale = static_cast<float>(side) / static_cast<float>(side_of(x));
  const Nodes scales = op::Constant::create(ov::element::f32, {2}, {scale, scale});
  return node<op::Interpolate>(x, integers({side, side}), scales, integers({2, 3}), attributes);
}

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
  return with_bias(node<op::ConvolutionBackpropData>(x, filters.weight, ov::Strides{2, 2}, pads, pads,
                                                     ov::Strides{1, 1}),
                   filters);
}

Nodes nearest_twice(const Nodes& x) {
  return interpolate(x, 2 * side_of(x), op::Interpolate::InterpolateMode::NEAREST,
                     op::Interpolate::CoordinateTransformMode::ASYMMETRIC);
}

Nodes bilinear(const Nodes& x, std::int64_t side) {
  return interpolate(x, side, op::Interpolate::InterpolateMode::LINEAR_ONNX,
                     op::Interpolate::CoordinateTransformMode::HALF_PIXEL);
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

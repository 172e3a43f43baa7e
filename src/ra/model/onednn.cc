#include "ra/model/onednn.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>
#include <vector>

namespace ra {
namespace {

using Sizes = std::vector<std::int64_t>;

Sizes both(std::int64_t value) { return {value, value}; }

c10::OperatorHandle found(const char* name) { return c10::Dispatcher::singleton().findSchemaOrThrow(name, ""); }

at::Tensor called(const c10::OperatorHandle& handle, torch::jit::Stack stack) {
  handle.callBoxed(&stack);
  return stack.front().toTensor();
}

// What the operators call an activation: its name and numbers.
std::string activation(double slope) { return slope == 1.0 ? "none" : "leaky_relu"; }
c10::List<std::optional<c10::Scalar>> numbers(double slope) {
  c10::List<std::optional<c10::Scalar>> all;
  if (slope != 1.0) all.push_back(c10::Scalar(slope));
  return all;
}

std::optional<at::Tensor> given(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace

at::Tensor onednn_convolution(const at::Tensor& x, const at::Tensor& weight, std::int64_t size, const at::Tensor& bias,
                              double slope, std::int64_t groups) {
  static const auto kOperator = found("mkldnn::_convolution_pointwise");
  return called(kOperator, {x, weight, given(bias), both(size / 2), both(1), both(1), groups, activation(slope),
                            numbers(slope), std::string()});
}

at::Tensor onednn_pack(const at::Tensor& weight, at::IntArrayRef images, std::int64_t groups) {
  static const auto kOperator = found("mkldnn::_reorder_convolution_weight");
  return called(kOperator, {weight, both(weight.size(2) / 2), both(1), both(1), groups, std::optional(images.vec())});
}

at::Tensor onednn_transposed(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, double slope) {
  static const auto kOperator = found("mkldnn::_convolution_transpose_pointwise");
  return called(kOperator, {x, packed, given(bias), both(1), both(0), both(2), both(1), std::int64_t{1},
                            activation(slope), numbers(slope), std::string()});
}

at::Tensor onednn_pack_transposed(const at::Tensor& weight, at::IntArrayRef images) {
  static const auto kOperator = found("mkldnn::_reorder_convolution_transpose_weight");
  return called(kOperator, {weight, both(1), both(0), both(2), both(1), std::int64_t{1}, std::optional(images.vec())});
}

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <openvino/core/node_output.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ra/model/state_dict.h"

// Layers of our networks as nodes of an OpenVINO graph. Images are [N,C,H,W] float32 of static shape. For the
// OpenVINO backend's sources alone.
namespace ra::graph {

using Nodes = ov::Output<ov::Node>;

// A constant of float32 with the tensor's shape and values; it may keep the tensor's memory, which must not change
// then.
Nodes constant(const at::Tensor& tensor);

// Filters [out,in,k,k] and offsets [out] (undefined for none).
struct Kernel {
  at::Tensor weight, bias;
};

// The same as constants.
struct Filters {
  Nodes weight;
  std::optional<Nodes> bias;  // [1,out,1,1]
};

// The convolution NAME of `state` (no bias of its own) and the batch norm after it in kFrozen mode, as one.
Kernel folded(const StateDict& state, const std::string& convolution, const std::string& norm);

Filters filters(const Kernel& kernel);
Nodes convolution(const Nodes& x, const Filters& filters, std::size_t stride, std::ptrdiff_t pad);

// convolution_of_twice(x, filters_of_twice(kernel)) is convolution(nearest_twice(x), filters(kernel), 1, 1) of a 3x3
// kernel, with 4 instead of 9 products (Note [Phases] in model/convolution.h).
Filters filters_of_twice(const Kernel& kernel);
Nodes convolution_of_twice(const Nodes& x, const Filters& filters);

// convolution(x, filters(kernel), 1, size / 2) by a kernel of odd size with fewer filters than a processor's vector has
// places, as the decoder's last: first along the lines, once for every row of the kernel, then the sum of the rows.
// OpenVINO computes 16 filters where there is one, so this saves most of them.
Nodes convolution_to_few(const Nodes& x, const Kernel& kernel);

// [N,C,H,W] -> [N,C,2H,2W], every pixel four times.
Nodes nearest_twice(const Nodes& x);
// Square maps, bilinear with half-pixel centres to side x side, as at::upsample_bilinear2d with align_corners = false.
Nodes bilinear(const Nodes& x, std::int64_t side);
// Means of 2x2 pixels.
Nodes average_pool(const Nodes& x);
// 3x3 with stride 2, without padding; windows that reach over the edge count.
Nodes maximum_pool(const Nodes& x);

Nodes relu(const Nodes& x);
// LeakyReLU with kLeakySlope.
Nodes leaky_relu(const Nodes& x);
Nodes add(const Nodes& a, const Nodes& b);
Nodes multiply(const Nodes& a, const Nodes& b);
// x [N,F] -> x weight^T + bias, [N,out].
Nodes linear(const Nodes& x, const at::Tensor& weight, const at::Tensor& bias);
Nodes reshape(const Nodes& x, const std::vector<std::int64_t>& shape);
Nodes concatenate(const std::vector<Nodes>& parts, std::int64_t axis);
// Sum or mean over one axis, which stays with length 1.
Nodes sum_over(const Nodes& x, std::int64_t axis);
Nodes mean_over(const Nodes& x, std::int64_t axis);
// The parts of an even split of axis 0.
std::vector<Nodes> split(const Nodes& x, std::size_t parts);
// Every pixel's feature vector divided by its length.
Nodes unit_length(const Nodes& x);
Nodes squared_difference(const Nodes& a, const Nodes& b);

}  // namespace ra::graph

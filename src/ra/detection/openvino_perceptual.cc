#include "ra/detection/openvino_perceptual.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "ra/base/error.h"
#include "ra/model/squeezenet.h"

namespace ra::graph {
namespace {

at::Tensor weight(const StateDict& state, const std::string& name) {
  const at::Tensor tensor = find_tensor(state, name);
  if (!tensor.defined()) throw Error(ErrorCode::kBadInput, fmt::format("no LPIPS weights: {} is missing", name));
  return tensor.to(at::kCPU, at::kDouble);
}

Filters layer(const StateDict& backbone, const std::string& name) {
  return filters({weight(backbone, name + ".weight"), weight(backbone, name + ".bias")});
}

// The first convolution with the scaling of its input in it, which is exact as it does not pad: for x in [0,1] it takes
// (2x - 1 - shift) / spread. A gray image is its own three channels.
Filters first_layer(const StateDict& backbone, std::size_t image_channels) {
  const auto column = [](const std::array<float, 3>& values) {
    at::Tensor tensor = at::empty({3, 1, 1}, at::kDouble);
    for (int channel = 0; channel < 3; ++channel) tensor[channel].fill_(static_cast<double>(values[channel]));
    return tensor;
  };
  const at::Tensor shift = column(squeezenet::kShift), spread = column(squeezenet::kSpread);
  const at::Tensor kernel = weight(backbone, "0.weight");
  const at::Tensor scaled = kernel * (2.0 / spread);
  const at::Tensor offset = (kernel * ((-1.0 - shift) / spread)).sum({1, 2, 3});
  return filters({image_channels == 1 ? scaled.sum(1, true) : scaled, weight(backbone, "0.bias") + offset});
}

// What LPIPS compares, of images [N,C,S,S], finest first.
std::vector<Nodes> features(const StateDict& backbone, const Nodes& images) {
  Nodes y = relu(convolution(images, first_layer(backbone, images.get_shape()[1]), 2, 0));
  std::vector<Nodes> maps = {unit_length(y)};
  for (const squeezenet::FireShape& fire : squeezenet::kFires) {
    if (fire.pooled_before) y = maximum_pool(y);
    const std::string name = std::to_string(fire.index);
    y = relu(convolution(y, layer(backbone, name + ".squeeze"), 1, 0));
    y = concatenate({relu(convolution(y, layer(backbone, name + ".expand1x1"), 1, 0)),
                     relu(convolution(y, layer(backbone, name + ".expand3x3"), 1, 1))},
                    1);
    if (fire.read_after) maps.push_back(unit_length(y));
  }
  return maps;
}

// The sum of maps [1,1,h,w], each resized to the image; those of one size are added first.
Nodes sum_of_resized(const std::vector<Nodes>& maps, std::int64_t side) {
  std::vector<Nodes> by_size;
  for (const Nodes& map : maps) {
    if (!by_size.empty() && by_size.back().get_shape() == map.get_shape()) {
      by_size.back() = add(by_size.back(), map);
    } else {
      by_size.push_back(map);
    }
  }
  Nodes sum = bilinear(by_size[0], side);
  for (std::size_t k = 1; k < by_size.size(); ++k) sum = add(sum, bilinear(by_size[k], side));
  return sum;
}

}  // namespace

Nodes squeezenet_distance(const SqueezenetWeights& weights, const Nodes& first, const Nodes& second) {
  std::vector<Nodes> maps;
  for (const Nodes& layer_of_both : features(weights.backbone, concatenate({first, second}, 0))) {
    const std::vector<Nodes> both = split(layer_of_both, 2);
    const at::Tensor head = weight(weights.heads, fmt::format("lin{}.model.1.weight", maps.size()));
    maps.push_back(convolution(squared_difference(both[0], both[1]), filters({head, {}}), 1, 0));
  }
  return sum_of_resized(maps, static_cast<std::int64_t>(first.get_shape().back()));
}

Nodes encoder_distance(const std::vector<Nodes>& first, const std::vector<Nodes>& second, std::int64_t side) {
  std::vector<Nodes> maps;
  for (std::size_t level = 0; level < first.size(); ++level) {
    maps.push_back(sum_over(squared_difference(unit_length(first[level]), unit_length(second[level])), 1));
  }
  const double share = 1.0 / static_cast<double>(first.size());
  return multiply(sum_of_resized(maps, side), constant(at::full({1}, share)));
}

}  // namespace ra::graph

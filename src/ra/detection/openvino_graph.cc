#include "ra/detection/openvino_graph.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>
#include <openvino/opsets/opset8.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ra/detection/model_name.h"
#include "ra/detection/openvino_layers.h"
#include "ra/detection/openvino_perceptual.h"

namespace ra {
namespace {

namespace op = ov::opset8;
using graph::Filters;
using graph::Nodes;

// Draws that one copy of the decoder takes as a batch: enough for the deep layers' weights to be read once for all.
constexpr int kDrawsTogether = 8;

std::shared_ptr<op::Parameter> parameter(const ov::Shape& shape) {
  return std::make_shared<op::Parameter>(ov::element::f32, shape);
}

ov::Shape image_shape(const ModelOptions& options) {
  const auto side = static_cast<std::size_t>(options.image_size);
  return {1, static_cast<std::size_t>(options.image_channels), side, side};
}

// Every layer of a ReversedAutoencoder (encoder_decoder.cc) as nodes.
class NetworkNodes {
 public:
  explicit NetworkNodes(const ReversedAutoencoder& network) : options_(network.options()), state_(network.state()) {}

  struct Encoded {
    std::vector<Nodes> embeddings;  // [N,channels[k],S/2^(k+1),S/2^(k+1)]
    Nodes mean, log_variance;       // [N,Z]; of posterior() alone
  };

  std::vector<Nodes> embed(const Nodes& images) const {
    const Filters& first = folded("encoder.main.0", "encoder.main.1");
    std::vector<Nodes> embeddings = {graph::average_pool(graph::leaky_relu(graph::convolution(images, first, 1, 2)))};
    for (std::size_t level = 1; level < options_.channels.size(); ++level) {
      embeddings.push_back(graph::average_pool(block(encoder_block(level), embeddings.back())));
    }
    return embeddings;
  }

  Encoded posterior(const Nodes& image) const {
    Encoded encoded;
    encoded.embeddings = embed(image);
    const Nodes deep = block(encoder_block(options_.channels.size()), encoded.embeddings.back());
    const Nodes features = graph::reshape(deep, {1, -1});
    const at::Tensor weight = find_tensor(state_, "encoder.fc.weight"), bias = find_tensor(state_, "encoder.fc.bias");
    const int size = options_.latent_size;
    encoded.mean = graph::linear(features, weight.slice(0, 0, size), bias.slice(0, 0, size));
    encoded.log_variance = graph::linear(features, weight.slice(0, size), bias.slice(0, size));
    return encoded;
  }

  // z: [N,Z] -> [N,C,S,S].
  Nodes decode(const Nodes& z) const {
    Nodes y = graph::relu(graph::linear(z, tensor("decoder.fc.0.weight"), tensor("decoder.fc.0.bias")));
    const std::int64_t side = options_.feature_size();
    y = graph::reshape(y, {static_cast<std::int64_t>(z.get_shape()[0]), options_.channels.back(), side, side});
    int label = 4;
    for (std::size_t k = 0; k <= options_.channels.size(); ++k, label *= 2) {
      const std::string name = fmt::format("decoder.main.res_in_{}.", label);
      y = k == 0 ? block(name, y) : block_of_twice(name, y);
    }
    const graph::Kernel predict{tensor("decoder.main.predict.weight"), tensor("decoder.main.predict.bias")};
    return std::make_shared<op::Sigmoid>(graph::convolution_to_few(y, predict));
  }

 private:
  at::Tensor tensor(const std::string& name) const { return find_tensor(state_, name); }

  // Made once, and shared by all passes through a layer.
  const Filters& folded(const std::string& convolution, const std::string& norm) const {
    const auto found = made_.find(convolution);
    if (found != made_.end()) return found->second;
    return made_.emplace(convolution, graph::filters(graph::folded(state_, convolution, norm))).first->second;
  }
  const Filters& folded_of_twice(const std::string& convolution, const std::string& norm) const {
    const auto found = made_.find(convolution);
    if (found != made_.end()) return found->second;
    return made_.emplace(convolution, graph::filters_of_twice(graph::folded(state_, convolution, norm))).first->second;
  }

  std::string encoder_block(std::size_t level) const {
    return fmt::format("encoder.main.res_in_{}.", options_.image_size >> level);
  }

  // The skip path of a block; it has a 1x1 convolution or none.
  Nodes skip(const std::string& name, const Nodes& x) const {
    const at::Tensor expand = tensor(name + "conv_expand.weight");
    return expand.defined() ? graph::convolution(x, graph::filters({expand, {}}), 1, 0) : x;
  }

  Nodes second_half(const std::string& name, const Nodes& first, const Nodes& skipped) const {
    const Filters& second = folded(name + "conv2", name + "bn2");
    return graph::leaky_relu(graph::add(graph::convolution(graph::leaky_relu(first), second, 1, 1), skipped));
  }

  Nodes block(const std::string& name, const Nodes& x) const {
    const Filters& first = folded(name + "conv1", name + "bn1");
    return second_half(name, graph::convolution(x, first, 1, 1), skip(name, x));
  }

  // The block of nearest_twice(x). A 1x1 convolution comes to the same before the doubling as after it.
  Nodes block_of_twice(const std::string& name, const Nodes& x) const {
    const Filters& first = folded_of_twice(name + "conv1", name + "bn1");
    return second_half(name, graph::convolution_of_twice(x, first), graph::nearest_twice(skip(name, x)));
  }

  ModelOptions options_;
  StateDict state_;
  mutable std::map<std::string, Filters> made_;  // by the convolution's name
};

// Either perceptual distance as nodes. `embeddings` may hold what is known of the first image.
Nodes distance(const NetworkNodes& network, const ScreeningModel& model, const Nodes& first, const Nodes& second,
               const std::vector<Nodes>& embeddings_of_first) {
  const std::int64_t side = model.network->options().image_size;
  if (model.squeezenet) return graph::squeezenet_distance(*model.squeezenet, first, second);
  if (!embeddings_of_first.empty()) {
    return graph::encoder_distance(embeddings_of_first, network.embed(second), side);
  }
  std::vector<Nodes> a, b;
  for (const Nodes& level : network.embed(graph::concatenate({first, second}, 0))) {
    const std::vector<Nodes> both = graph::split(level, 2);
    a.push_back(both[0]);
    b.push_back(both[1]);
  }
  return graph::encoder_distance(a, b, side);
}

// The reconstruction by the rule, [1,C,S,S].
Nodes reconstruction(const NetworkNodes& network, const ScreeningModel& model, const NetworkNodes::Encoded& encoded) {
  if (!model.rule.uses_noise()) return network.decode(encoded.mean);
  const Nodes half = op::Constant::create(ov::element::f32, {1}, {0.5F});
  const Nodes deviation = std::make_shared<op::Exp>(graph::multiply(encoded.log_variance, half));
  std::vector<Nodes> decoded;
  for (std::int64_t from = 0; from < model.rule.draws(); from += kDrawsTogether) {
    const Nodes noise = graph::constant(model.noise.slice(0, from, from + kDrawsTogether));
    const Nodes images = network.decode(graph::add(graph::multiply(noise, deviation), encoded.mean));
    decoded.push_back(graph::sum_over(images, 0));
  }
  const Nodes share = op::Constant::create(ov::element::f32, {1}, {1.0F / static_cast<float>(model.rule.draws())});
  return graph::multiply(graph::sum_over(graph::concatenate(decoded, 0), 0), share);
}

std::shared_ptr<ov::Model> model_of(const std::vector<Nodes>& results, const ov::ParameterVector& parameters) {
  return std::make_shared<ov::Model>(ov::OutputVector(results.begin(), results.end()), parameters);
}

}  // namespace

Graph reconstruction_graph(const ScreeningModel& model) {
  return {"reconstruction of " + name_of_screening(model), [model] {
            const NetworkNodes network(*model.network);
            const auto slice = parameter(image_shape(model.network->options()));
            const NetworkNodes::Encoded encoded = network.posterior(slice);
            const Nodes rebuilt = reconstruction(network, model, encoded);
            const Nodes plain = distance(network, model, slice, rebuilt, encoded.embeddings);
            return model_of({rebuilt, plain, encoded.mean, encoded.log_variance}, {slice});
          }};
}

Graph distance_graph(const ScreeningModel& model) {
  const ov::Shape shape = image_shape(model.network->options());
  return {fmt::format("{} of two {}", name_of_distance(model), shape.to_string()), [model, shape] {
            const NetworkNodes network(*model.network);
            const auto first = parameter(shape), second = parameter(shape);
            return model_of({distance(network, model, first, second, {})}, {first, second});
          }};
}

Graph decoder_graph(const ScreeningModel& model) {
  return {"decoder of " + name_of_network(model), [model] {
            const auto z = parameter({1, static_cast<std::size_t>(model.network->options().latent_size)});
            return model_of({NetworkNodes(*model.network).decode(z)}, {z});
          }};
}

}  // namespace ra

#include "ra/model/reversed_autoencoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/strides.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/random.h"

namespace ra {
namespace {

std::uint32_t name_hash(const std::string& name) { return crc32(std::as_bytes(std::span(name))); }

void fill_uniform(const at::Tensor& tensor, double bound, CounterRandom random) {
  float* values = tensor.data_ptr<float>();
  for (std::int64_t k = 0; k < tensor.numel(); ++k) values[k] = static_cast<float>(random.uniform(-bound, bound));
}

bool ends_with(const std::string& text, std::string_view ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

std::vector<at::Tensor> trained_tensors(const StateDict& state) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& entry : state) {
    if (entry.trained) tensors.push_back(entry.tensor);
  }
  return tensors;
}

ModelOptions validated(ModelOptions options) {
  options.validate();
  return options;
}

}  // namespace

at::Tensor find_tensor(const StateDict& state, const std::string& name) {
  for (const NamedTensor& entry : state) {
    if (entry.name == name) return entry.tensor;
  }
  return {};
}

ReversedAutoencoder::ReversedAutoencoder(const ModelOptions& options)
    : options_(validated(options)), encoder_(options_), decoder_(options_) {}

ReversedAutoencoder::ReversedAutoencoder(const ModelOptions& options, std::uint64_t seed)
    : ReversedAutoencoder(options) {
  initialise(seed);
}

void ReversedAutoencoder::initialise(std::uint64_t seed) {
  std::unordered_map<std::string, std::int64_t> fan_in;
  for (const NamedTensor& entry : state()) {
    const bool is_norm = entry.name.find(".bn") != std::string::npos || entry.name.starts_with("encoder.main.1.");
    if (is_norm) {
      if (!entry.name.starts_with("encoder.")) continue;
      if (ends_with(entry.name, "running_var")) entry.tensor.mul_(0.9);
      if (ends_with(entry.name, "num_batches_tracked")) entry.tensor.add_(1);
      continue;
    }
    const std::string layer = entry.name.substr(0, entry.name.rfind('.'));
    if (entry.tensor.dim() > 1) fan_in[layer] = entry.tensor[0].numel();
    fill_uniform(entry.tensor, 1.0 / std::sqrt(static_cast<double>(fan_in.at(layer))),
                 CounterRandom(seed, 0, name_hash(entry.name), Purpose::kWeights));
  }
}

ReversedAutoencoder::Output ReversedAutoencoder::forward(const at::Tensor& x, const at::Tensor& noise,
                                                         BatchNormMode mode, const at::Tensor& condition) const {
  Output output;
  output.posterior = encoder_.forward(x, mode, condition);
  output.z = sample_latent(output.posterior.mean, output.posterior.log_variance, noise);
  output.reconstruction = decoder_.forward(output.z, mode, condition);
  return output;
}

StateDict ReversedAutoencoder::state() const {
  StateDict state;
  encoder_.list(state);
  decoder_.list(state);
  return state;
}

std::vector<at::Tensor> ReversedAutoencoder::encoder_parameters() const {
  StateDict state;
  encoder_.list(state);
  return trained_tensors(state);
}

std::vector<at::Tensor> ReversedAutoencoder::decoder_parameters() const {
  StateDict state;
  decoder_.list(state);
  return trained_tensors(state);
}

namespace {

// What `given` has for each tensor of `own`, in its order; kBadInput as load().
std::vector<at::Tensor> matched(const StateDict& own, const StateDict& given) {
  std::vector<std::string> problems;
  std::unordered_map<std::string, at::Tensor> by_name;
  for (const NamedTensor& entry : given) by_name[entry.name] = entry.tensor;
  std::vector<at::Tensor> tensors;
  std::unordered_set<std::string> known;
  for (const NamedTensor& entry : own) {
    known.insert(entry.name);
    const at::Tensor& found = tensors.emplace_back(by_name[entry.name]);
    if (!found.defined()) {
      problems.push_back(entry.name + " is missing");
    } else if (found.sizes() != entry.tensor.sizes()) {
      problems.push_back(fmt::format("{} is [{}], the model has [{}]", entry.name, fmt::join(found.sizes(), ","),
                                     fmt::join(entry.tensor.sizes(), ",")));
    }
  }
  for (const NamedTensor& entry : given) {
    if (!known.contains(entry.name)) problems.push_back(entry.name + " is not part of the model");
  }
  if (problems.empty()) return tensors;
  const std::size_t shown = std::min<std::size_t>(problems.size(), 5);
  throw Error(ErrorCode::kBadInput,
              fmt::format("the checkpoint does not fit the model: {}{}",
                          fmt::join(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(shown), "; "),
                          problems.size() > shown ? fmt::format("; and {} more", problems.size() - shown) : ""));
}

}  // namespace

void ReversedAutoencoder::load(const StateDict& state) {
  const StateDict own = this->state();
  const std::vector<at::Tensor> given = matched(own, state);
  const at::NoGradGuard no_grad;
  for (std::size_t k = 0; k < own.size(); ++k) own[k].tensor.copy_(given[k]);
}

void ReversedAutoencoder::adopt(const StateDict& state) {
  const StateDict own = this->state();
  const std::vector<at::Tensor> given = matched(own, state);
  const at::NoGradGuard no_grad;
  for (std::size_t k = 0; k < own.size(); ++k) {
    const at::Tensor& mine = own[k].tensor;
    const at::Tensor fitting = given[k].detach().to(mine.device(), mine.scalar_type()).contiguous();
    // Strides of dimensions of one, which a file may have in any way, choose LibTorch's kernels.
    at::Tensor(mine).set_data(fitting.as_strided(fitting.sizes(), c10::contiguous_strides(fitting.sizes())));
  }
}

void ReversedAutoencoder::to(at::ScalarType dtype, at::Device device) {
  for (const NamedTensor& entry : state()) {
    const bool real = entry.tensor.is_floating_point();
    const auto layout = entry.tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const at::Tensor moved = entry.tensor.detach().to(device, real ? dtype : entry.tensor.scalar_type());
    at::Tensor(entry.tensor).set_data(moved.contiguous(layout));
  }
}

namespace {

[[noreturn]] void fail_layout(const std::string& reason) {
  throw Error(ErrorCode::kBadInput, "no RA network has these tensors: " + reason);
}

at::Tensor require(const StateDict& state, const std::string& name, std::int64_t dimensions) {
  const at::Tensor tensor = find_tensor(state, name);
  if (!tensor.defined()) fail_layout(name + " is missing");
  if (tensor.dim() != dimensions) {
    fail_layout(fmt::format("{} has {} dimensions, not {}", name, tensor.dim(), dimensions));
  }
  return tensor;
}

// Widths of the encoder's blocks in the order of the state dict; the last block repeats the width before it.
std::vector<int> block_widths(const StateDict& state) {
  std::vector<int> widths;
  for (const NamedTensor& entry : state) {
    if (entry.name.starts_with("encoder.main.res_in_") && ends_with(entry.name, ".conv2.weight")) {
      const at::Tensor& weight = entry.tensor;
      // The whole shape, so that a file cannot ask for a network much larger than itself.
      if (weight.dim() != 4 || weight.sizes() != at::IntArrayRef{weight.size(0), weight.size(0), 3, 3}) {
        fail_layout(fmt::format("{} is [{}], no 3x3 convolution", entry.name, fmt::join(weight.sizes(), ",")));
      }
      widths.push_back(static_cast<int>(entry.tensor.size(0)));
    }
  }
  return widths;
}

// Sizes in the block names order them, whatever the order of the file.
StateDict sorted_by_block(StateDict state) {
  const auto size_of = [](const std::string& name) {
    constexpr std::string_view kPrefix = "encoder.main.res_in_";
    return name.starts_with(kPrefix) ? std::strtol(name.c_str() + kPrefix.size(), nullptr, 10) : 0L;
  };
  std::stable_sort(state.begin(), state.end(),
                   [&](const NamedTensor& a, const NamedTensor& b) { return size_of(a.name) > size_of(b.name); });
  return state;
}

}  // namespace

ModelOptions options_from_state(const StateDict& unsorted) {
  const StateDict state = sorted_by_block(unsorted);
  ModelOptions options;
  const at::Tensor first = require(state, "encoder.main.0.weight", 4);
  const at::Tensor encoder_fc = require(state, "encoder.fc.weight", 2);
  const at::Tensor decoder_fc = require(state, "decoder.fc.0.weight", 2);
  options.image_channels = static_cast<int>(first.size(1));
  options.latent_size = static_cast<int>(require(state, "encoder.fc.bias", 1).size(0) / 2);
  options.channels = {static_cast<int>(first.size(0))};
  const std::vector<int> widths = block_widths(state);
  if (widths.size() < 2) fail_layout("fewer than two encoder.main.res_in_* blocks");
  options.channels.insert(options.channels.end(), widths.begin(), widths.end() - 1);

  const std::int64_t condition = decoder_fc.size(1) - options.latent_size;
  options.conditional = condition > 0;
  if (options.conditional) options.condition_size = static_cast<int>(condition);
  const double pixels = static_cast<double>(encoder_fc.size(1) - condition) / options.channels.back();
  const auto side = static_cast<int>(std::lround(std::sqrt(pixels)));
  if (condition < 0 || side < 1 || static_cast<double>(side) * side != pixels || options.channels.size() > 9 ||
      encoder_fc.size(0) != 2 * options.latent_size || decoder_fc.size(0) != encoder_fc.size(1) - condition) {
    fail_layout(fmt::format("encoder.fc.weight [{}] and decoder.fc.0.weight [{}] fit no square image",
                            fmt::join(encoder_fc.sizes(), ","), fmt::join(decoder_fc.sizes(), ",")));
  }
  options.image_size = side << options.channels.size();

  int size = options.image_size / 2;
  for (std::size_t level = 1; level < options.channels.size(); ++level, size /= 2) {
    const int width = options.channels[level];
    if (options.channels[level - 1] != width) continue;
    const bool expands = find_tensor(state, fmt::format("encoder.main.res_in_{}.conv_expand.weight", size)).defined();
    if (expands) {
      options.expand_equal_channels = true;
    } else {
      options.expand_equal_channels_above = std::max(options.expand_equal_channels_above, width);
    }
  }
  if (!options.expand_equal_channels) options.expand_equal_channels_above = 0;
  try {
    options.validate();
  } catch (const Error& error) {
    fail_layout(error.what());
  }
  return options;
}

}  // namespace ra

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra {
namespace {

// Appends the condition to [N,F] features; a conditional model refuses a call without one.
at::Tensor with_condition(const at::Tensor& features, const at::Tensor& condition, bool conditional) {
  if (!conditional) return features;
  if (!condition.defined() || condition.dim() != 2 || condition.size(0) != features.size(0)) {
    throw Error(ErrorCode::kUsage, "this model is conditional: it needs a condition vector for every image");
  }
  return at::cat({features, condition}, 1);
}

int condition_length(const ModelOptions& options) { return options.conditional ? options.condition_size : 0; }

std::int64_t flat_features(const ModelOptions& options) {
  const std::int64_t size = options.feature_size();
  return options.channels.back() * size * size;
}

}  // namespace

void ModelOptions::validate() const {
  const auto require = [](bool fine, const std::string& message) {
    if (!fine) throw Error(ErrorCode::kUsage, "model." + message);
  };
  const bool power_of_two = image_size > 0 && (image_size & (image_size - 1)) == 0;
  require(power_of_two && image_size >= 32 && image_size <= 512,
          fmt::format("image_size is {}, it must be a power of two from 32 to 512", image_size));
  require(image_channels == 1 || image_channels == 3,
          fmt::format("image_channels is {}, it must be 1 (gray) or 3 (colour)", image_channels));
  require(latent_size >= 1 && latent_size <= 8192,
          fmt::format("latent_size is {}, it must be from 1 to 8192", latent_size));
  require(channels.size() >= 2 && image_size >> channels.size() >= 1,
          fmt::format("channels has {} levels, image_size {} allows 2 to {}", channels.size(), image_size,
                      __builtin_ctz(static_cast<unsigned>(image_size))));
  for (const int width : channels) {
    require(width >= 1 && width <= 8192, fmt::format("channels has a width of {}, it must be 1 to 8192", width));
  }
  require(!conditional || (condition_size >= 1 && condition_size <= 8192),
          fmt::format("condition_size is {}, it must be from 1 to 8192", condition_size));
}

bool ModelOptions::expands(int before, int after) const {
  return before != after || (expand_equal_channels && before > expand_equal_channels_above);
}

int ModelOptions::feature_size() const { return image_size >> channels.size(); }

Encoder::Encoder(const ModelOptions& options)
    : conditional_(options.conditional),
      first_conv_(at::empty({options.channels[0], options.image_channels, 5, 5})),
      first_norm_(options.channels[0]),
      fc_weight_(at::empty({2 * options.latent_size, flat_features(options) + condition_length(options)})),
      fc_bias_(at::empty({2 * options.latent_size})) {
  int width = options.channels[0];
  int size = options.image_size / 2;
  for (std::size_t level = 1; level < options.channels.size(); ++level) {
    const int next = options.channels[level];
    blocks_.emplace_back(width, next, options.expands(width, next));
    block_names_.push_back(fmt::format("encoder.main.res_in_{}.", size));
    width = next;
    size /= 2;
  }
  blocks_.emplace_back(width, width, false);
  block_names_.push_back(fmt::format("encoder.main.res_in_{}.", size));
}

std::vector<at::Tensor> Encoder::embed(const at::Tensor& x, PassMode mode) const {
  at::Tensor y = first_norm_.forward(at::conv2d(x, first_conv_, {}, 1, 2), mode.batch_norm);
  std::vector<at::Tensor> embeddings = {at::avg_pool2d(at::leaky_relu_(y, kLeakySlope), 2)};
  for (std::size_t level = 1; level < blocks_.size(); ++level) {
    embeddings.push_back(at::avg_pool2d(blocks_[level - 1].forward(embeddings.back(), mode), 2));
  }
  return embeddings;
}

Encoder::Output Encoder::forward(const at::Tensor& x, PassMode mode, const at::Tensor& condition) const {
  Output output;
  output.embeddings = embed(x, mode);
  const at::Tensor y = blocks_.back().forward(output.embeddings.back(), mode);
  const at::Tensor features = with_condition(y.contiguous().flatten(1), condition, conditional_);
  const auto halves = at::linear(features, fc_weight_, fc_bias_).chunk(2, 1);
  output.mean = halves[0];
  output.log_variance = halves[1];
  return output;
}

void Encoder::list(StateDict& state) const {
  state.push_back({"encoder.main.0.weight", first_conv_});
  first_norm_.list("encoder.main.1.", state);
  for (std::size_t k = 0; k < blocks_.size(); ++k) blocks_[k].list(block_names_[k], state);
  state.push_back({"encoder.fc.weight", fc_weight_});
  state.push_back({"encoder.fc.bias", fc_bias_});
}

Decoder::Decoder(const ModelOptions& options)
    : conditional_(options.conditional),
      feature_channels_(options.channels.back()),
      feature_size_(options.feature_size()),
      fc_weight_(at::empty({flat_features(options), options.latent_size + condition_length(options)})),
      fc_bias_(at::empty({flat_features(options)})),
      predict_weight_(at::empty({options.image_channels, options.channels[0], 5, 5})),
      predict_bias_(at::empty({options.image_channels})) {
  // Labels count from 4 whatever the true size is, as in the reference.
  int label = 4;
  int width = feature_channels_;
  for (std::size_t k = 0; k < options.channels.size(); ++k) {
    const int next = options.channels[options.channels.size() - 1 - k];
    blocks_.emplace_back(width, next, k > 0 && options.expands(width, next));
    block_names_.push_back(fmt::format("decoder.main.res_in_{}.", label));
    width = next;
    label *= 2;
  }
  blocks_.emplace_back(width, width, false);
  block_names_.push_back(fmt::format("decoder.main.res_in_{}.", label));
}

at::Tensor Decoder::forward(const at::Tensor& z, PassMode mode, const at::Tensor& condition) const {
  at::Tensor y = at::relu(at::linear(with_condition(z.flatten(1), condition, conditional_), fc_weight_, fc_bias_));
  y = y.reshape({y.size(0), feature_channels_, feature_size_, feature_size_});
  for (std::size_t k = 0; k < blocks_.size(); ++k) {
    if (k > 0) y = at::upsample_nearest2d(y, {y.size(2) * 2, y.size(3) * 2});
    y = blocks_[k].forward(y, mode);
  }
  return at::sigmoid(at::conv2d(y, predict_weight_, predict_bias_, 1, 2));
}

void Decoder::list(StateDict& state) const {
  state.push_back({"decoder.fc.0.weight", fc_weight_});
  state.push_back({"decoder.fc.0.bias", fc_bias_});
  for (std::size_t k = 0; k < blocks_.size(); ++k) blocks_[k].list(block_names_[k], state);
  state.push_back({"decoder.main.predict.weight", predict_weight_});
  state.push_back({"decoder.main.predict.bias", predict_bias_});
}

at::Tensor sample_latent(const at::Tensor& mean, const at::Tensor& log_variance, const at::Tensor& noise) {
  return noise.defined() ? mean + noise * at::exp(0.5 * log_variance) : mean;
}

}  // namespace ra

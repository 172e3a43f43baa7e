#include "ra/model/perceptual.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ra/base/error.h"
#include "ra/model/checkpoint.h"
#include "ra/model/squeezenet.h"

namespace ra {
namespace {

using squeezenet::FireShape;
using squeezenet::kFires;

constexpr std::array<std::int64_t, SqueezenetLpips::kLayers> kHeadChannels = {64, 128, 256, 384, 384, 512, 512};
constexpr double kTiny = 1e-10;

at::Tensor weight_of(const StateDict& state, const std::string& name, at::IntArrayRef shape, at::Device device) {
  const at::Tensor tensor = find_tensor(state, name);
  if (!tensor.defined() || tensor.sizes() != shape) {
    throw Error(ErrorCode::kBadInput,
                fmt::format("no LPIPS weights: {} of shape [{}] is missing", name, fmt::join(shape, ",")));
  }
  // Channels last halves the time of these small convolutions on a CPU.
  const auto layout = tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return tensor.detach().to(device, at::kFloat).contiguous(layout);
}

at::Tensor column(const std::array<float, 3>& values, at::Device device) {
  at::Tensor tensor = at::empty({1, 3, 1, 1});
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor.to(device);
}

at::Tensor pool(const at::Tensor& x) { return at::max_pool2d(x, 3, 2, 0, 1, /*ceil_mode=*/true); }

// Divides every pixel's feature vector by its length.
at::Tensor unit_length(const at::Tensor& features) {
  return features / (features.square().sum(1, true).sqrt() + kTiny);
}

at::Tensor resize_to(const at::Tensor& map, std::int64_t side) {
  return at::upsample_bilinear2d(map, {side, side}, /*align_corners=*/false);
}

}  // namespace

SqueezenetLpips::SqueezenetLpips(const StateDict& backbone, const StateDict& heads, at::Device device)
    : shift_(column(squeezenet::kShift, device)), spread_(column(squeezenet::kSpread, device)) {
  const auto convolution = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size) {
    return Convolution{weight_of(backbone, name + ".weight", {out, in, size, size}, device),
                       weight_of(backbone, name + ".bias", {out}, device)};
  };
  first_ = convolution("0", 64, 3, 3);
  for (const FireShape& shape : kFires) {
    fires_.push_back({convolution(fmt::format("{}.squeeze", shape.index), shape.squeeze, shape.in, 1),
                      convolution(fmt::format("{}.expand1x1", shape.index), shape.expand, shape.squeeze, 1),
                      convolution(fmt::format("{}.expand3x3", shape.index), shape.expand, shape.squeeze, 3)});
  }
  for (std::size_t k = 0; k < kLayers; ++k) {
    heads_[k] = weight_of(heads, fmt::format("lin{}.model.1.weight", k), {1, kHeadChannels[k], 1, 1}, device);
  }
}

at::Tensor SqueezenetLpips::Fire::forward(const at::Tensor& x) const {
  const at::Tensor y = at::relu(at::conv2d(x, squeeze.weight, squeeze.bias));
  return at::cat({at::relu(at::conv2d(y, expand1.weight, expand1.bias)),
                  at::relu(at::conv2d(y, expand3.weight, expand3.bias, 1, 1))},
                 1);
}

std::vector<at::Tensor> SqueezenetLpips::features(const at::Tensor& images) const {
  const bool as_is = images.size(1) == 1 || images.size(1) == 3;
  const at::Tensor x = (as_is ? images : images.mean(1, true)).to(first_.weight.options());
  const at::Tensor scaled = ((2 * x - 1 - shift_) / spread_).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor y = at::relu(at::conv2d(scaled, first_.weight, first_.bias, 2));
  std::vector<at::Tensor> maps = {unit_length(y)};
  for (std::size_t k = 0; k < fires_.size(); ++k) {
    y = fires_[k].forward(kFires[k].pooled_before ? pool(y) : y);
    if (kFires[k].read_after) maps.push_back(unit_length(y));
  }
  return maps;
}

std::vector<at::Tensor> SqueezenetLpips::layers(const at::Tensor& first, const at::Tensor& second) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> a = features(first), b = features(second);
  for (std::size_t k = 0; k < kLayers; ++k) a[k] = at::conv2d((a[k] - b[k]).square(), heads_[k]);
  return a;
}

at::Tensor SqueezenetLpips::distance(const at::Tensor& first, const at::Tensor& second) const {
  const at::NoGradGuard no_grad;
  at::Tensor sum = at::zeros({first.size(0), 1, first.size(2), first.size(3)}, first_.weight.options());
  for (const at::Tensor& layer : layers(first, second)) sum += resize_to(layer, first.size(2));
  return sum;
}

namespace {

StateDict read_weights(const std::filesystem::path& folder, const std::string& name) {
  const std::filesystem::path path = folder / name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("'{}' is missing: the squeezenet distance needs squeeze.backbone.pth and squeeze.pth of LPIPS "
                    "v0.1; name their folder with --perceptual-weights, or use --perceptual encoder",
                    path.string()));
  }
  const Checkpoint checkpoint = read_checkpoint(path);
  return in_context(fmt::format("checkpoint '{}'", path.string()), [&] { return checkpoint.weights(); });
}

class EncoderDistance : public PerceptualDistance {
 public:
  explicit EncoderDistance(std::shared_ptr<const ReversedAutoencoder> model) : model_(std::move(model)) {}

  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override {
    const at::NoGradGuard no_grad;
    return embedding_distance(embeddings(first), embeddings(second), first.size(2));
  }

  std::string name() const override { return "encoder"; }

 private:
  std::vector<at::Tensor> embeddings(const at::Tensor& images) const {
    return model_->encoder().embed(images, BatchNormMode::kFrozen);
  }

  std::shared_ptr<const ReversedAutoencoder> model_;
};

}  // namespace

SqueezenetWeights read_squeezenet_weights(const std::filesystem::path& folder) {
  return {read_weights(folder, "squeeze.backbone.pth"), read_weights(folder, "squeeze.pth")};
}

std::unique_ptr<SqueezenetLpips> load_squeezenet_lpips(const std::filesystem::path& folder, at::Device device) {
  const SqueezenetWeights weights = read_squeezenet_weights(folder);
  return in_context(fmt::format("'{}'", folder.string()),
                    [&] { return std::make_unique<SqueezenetLpips>(weights.backbone, weights.heads, device); });
}

at::Tensor embedding_distance(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second,
                              std::int64_t side) {
  at::Tensor sum;
  for (std::size_t level = 0; level < first.size(); ++level) {
    const at::Tensor difference = (unit_length(first[level]) - unit_length(second[level])).square().sum(1, true);
    const at::Tensor map = resize_to(difference, side);
    sum = sum.defined() ? sum.add_(map) : map;
  }
  return sum.div_(static_cast<double>(first.size()));
}

std::unique_ptr<PerceptualDistance> make_encoder_distance(std::shared_ptr<const ReversedAutoencoder> model) {
  return std::make_unique<EncoderDistance>(std::move(model));
}

}  // namespace ra

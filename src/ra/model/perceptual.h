#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ra/model/reversed_autoencoder.h"

namespace ra {

// A perceptual distance between two images, pixel by pixel.
class PerceptualDistance {
 public:
  virtual ~PerceptualDistance() = default;
  // Two [N,C,S,S] in [0,1] -> [N,1,S,S], >= 0.
  virtual at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const = 0;
  // What `scores.csv` calls it: "squeezenet" or "encoder".
  virtual std::string name() const = 0;
};

// LPIPS v0.1 with SqueezeNet 1.1, spatial (Zhang et al., CVPR 2018). Gray images are broadcast to three channels;
// images of neither 1 nor 3 channels are averaged to gray first.
class SqueezenetLpips : public PerceptualDistance {
 public:
  static constexpr int kLayers = 7;

  // The published weights by name; kBadInput when one is missing or misshapen.
  SqueezenetLpips(const StateDict& backbone, const StateDict& heads, at::Device device);

  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override;
  std::string name() const override { return "squeezenet"; }

  // The weighted difference of each layer before it is resized: [N,1,h,w], finest first. Images of 31 pixels a side
  // or more.
  std::vector<at::Tensor> layers(const at::Tensor& first, const at::Tensor& second) const;

 private:
  struct Convolution {
    at::Tensor weight, bias;
  };
  struct Fire {
    Convolution squeeze, expand1, expand3;
    at::Tensor forward(const at::Tensor& x) const;
  };
  std::vector<at::Tensor> features(const at::Tensor& images) const;

  Convolution first_;
  std::vector<Fire> fires_;
  std::array<at::Tensor, kLayers> heads_;  // [1,channels,1,1]
  at::Tensor shift_, spread_;              // [1,3,1,1]
};

// The published weights of LPIPS v0.1 with SqueezeNet.
struct SqueezenetWeights {
  StateDict backbone, heads;
};

// Reads squeeze.backbone.pth and squeeze.pth, as published, from `folder`; kUsage with the remedy when they are
// missing.
SqueezenetWeights read_squeezenet_weights(const std::filesystem::path& folder);

// Reads squeeze.backbone.pth and squeeze.pth, as published, from `folder`; kUsage with the remedy when they are
// missing, kBadInput when they do not fit.
std::unique_ptr<SqueezenetLpips> load_squeezenet_lpips(const std::filesystem::path& folder, at::Device device);

// The built-in distance (REFERENCE.md, "The built-in perceptual distance") of two images of `side` pixels whose
// embeddings these are, finest first: [N,1,side,side].
at::Tensor embedding_distance(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second,
                              std::int64_t side);

// The same in the model's own embeddings. Keeps the model alive.
std::unique_ptr<PerceptualDistance> make_encoder_distance(std::shared_ptr<const ReversedAutoencoder> model);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

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

// LPIPS v0.1 with SqueezeNet 1.1, spatial (Zhang et al., CVPR 2018). `folder` holds squeeze.backbone.pth and
// squeeze.pth as published; kUsage with the remedy when they are missing, kBadInput when they do not fit.
std::unique_ptr<PerceptualDistance> load_squeezenet_lpips(const std::filesystem::path& folder, at::Device device);

// The built-in distance in the model's own embeddings (REFERENCE.md, "The built-in perceptual distance").
// Keeps the model alive.
std::unique_ptr<PerceptualDistance> make_encoder_distance(std::shared_ptr<const ReversedAutoencoder> model);

}  // namespace ra

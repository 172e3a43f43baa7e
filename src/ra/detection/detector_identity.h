#pragma once

#include <string>

namespace ra {

// What a number depends on; named in every output.
struct DetectorIdentity {
  std::string perceptual;  // "squeezenet" or "encoder"
  std::string backend;     // "torch", "openvino" or "native"
  std::string precision;   // "fp32" or "bf16"
  std::string model;       // file name and 12 hex digits of its SHA-256
  std::string latent;      // "mean", "sample" or "average:K"
  // Where the noise of the latent rule is from: "none" (mean), "model" (stored in the file) or "seed N"
  // (latent_noise()).
  std::string latent_noise = "none";
};

}  // namespace ra

#pragma once

#include <string>

namespace ra {

// How a slice is scored.
struct DetectionOptions {
  // Latent rule: mean, sample, average:K, or empty for what the model says (average:8 if it does not).
  std::string latent;
  // Perceptual distance: "encoder" (the model's own embeddings), "squeezenet" (LPIPS; needs perceptual_weights), or
  // empty for what the model says (encoder if it does not).
  std::string perceptual;
  // Folder with squeeze.backbone.pth and squeeze.pth.
  std::string perceptual_weights;
  // Engine: "torch" (the exact one), "native" (the fastest on CPUs), "openvino", or empty for what the bundle was
  // calibrated with (torch for a checkpoint).
  std::string backend;
  // Arithmetic: "fp32", "bf16", or empty for what the bundle was calibrated with (fp32 for a checkpoint).
  std::string precision;
  // Slices that callers of detect() have computed at the same time, for backends with threads of their own: each slice
  // gets threads / streams of them. 0: as many as threads, which suits a queue of slices; 1: a single slice comes
  // soonest. Does not change a number. kUsage with torch, which has none.
  int streams = 0;
  // Slices that detect() computes together, by torch alone: always as many, the last of a call repeated, so that
  // kernels are chosen as for any other call (Note [One slice at a time]). 0: one on a CPU, 32 on a GPU.
  int batch = 0;
  // Extra stochastic reconstructions an image, for score_mean and score_sd; 0 for none.
  int samples = 0;

  void validate() const;  // kUsage naming the field
  // Sets backend and precision to the fastest that passed the quality gate (docs/performance.md): native, in fp32.
  // bf16 did not pass, and has to be asked for by name.
  void use_fastest();
};

// Whether there is such a backend, and computes in such a precision.
bool knows_engine(const std::string& backend, const std::string& precision);

}  // namespace ra

#include "ra/detection/anomaly_map.h"

#include <ATen/ATen.h>

#include "ra/transforms/clahe.h"
#include "ra/transforms/gaussian.h"

namespace ra {
namespace {

// CLAHE of every channel of [N,C,S,S].
at::Tensor equalise(const at::Tensor& images) {
  return clahe(images.flatten(0, 1).to(at::kCPU).contiguous()).reshape(images.sizes()).to(images.device());
}

at::Tensor smooth(const at::Tensor& values) {
  return gaussian_filter(values.to(at::kCPU).contiguous(), kPerceptualSigma).to(values.device());
}

}  // namespace

AnomalyStages anomaly_stages(const at::Tensor& images, const at::Tensor& reconstructions,
                             const PerceptualDistance& perceptual, const at::Tensor& plain) {
  const at::Tensor x = images.clamp(0, 1), rec = reconstructions.clamp(0, 1);
  AnomalyStages stages;
  stages.equalised_image = equalise(x);
  stages.equalised_reconstruction = equalise(rec);
  stages.perceptual = plain.defined() ? plain : perceptual.distance(x, rec);
  stages.perceptual_smooth = smooth(stages.perceptual);
  stages.equalised_perceptual = perceptual.distance(stages.equalised_image, stages.equalised_reconstruction);
  stages.equalised_perceptual_smooth = smooth(stages.equalised_perceptual);
  const at::Tensor residual = (stages.equalised_reconstruction - stages.equalised_image).abs();
  const at::Tensor saliency = stages.perceptual_smooth * stages.equalised_perceptual_smooth;
  stages.map = (residual * saliency).mean(1).to(at::kCPU).contiguous();
  stages.scores = stages.map.to(at::kDouble).flatten(1).mean(1);
  return stages;
}

double default_map_maximum(const PerceptualDistance& perceptual) { return perceptual.name() == "encoder" ? 0.05 : 0.1; }

at::Tensor mean_absolute_errors(const at::Tensor& images, const at::Tensor& reconstructions) {
  return (reconstructions - images).abs().to(at::kDouble).flatten(1).mean(1).to(at::kCPU);
}

}  // namespace ra

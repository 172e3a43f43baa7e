#include "ra/detection/anomaly_map.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "ra/transforms/clahe.h"
#include "ra/transforms/device_clahe.h"
#include "ra/transforms/device_gaussian.h"
#include "ra/transforms/gaussian.h"

namespace ra {
namespace {

// CLAHE of every channel of [N,C,S,S].
at::Tensor equalise(const at::Tensor& images, bool by_tensors) {
  const at::Tensor channels = images.flatten(0, 1);
  return (by_tensors ? clahe_by_tensors(channels) : clahe(channels)).reshape(images.sizes());
}

at::Tensor smooth(const at::Tensor& values, bool by_tensors) {
  return (by_tensors ? gaussian_filter_by_tensors : gaussian_filter)(values, kPerceptualSigma);
}

}  // namespace

AnomalyStages anomaly_stages(const at::Tensor& images, const at::Tensor& reconstructions,
                             const PerceptualDistance& perceptual, const at::Tensor& plain, MapFilters filters) {
  const bool by_tensors = filters == MapFilters::kByTensors || !images.is_cpu();
  const at::Tensor x = images.clamp(0, 1), rec = reconstructions.clamp(0, 1);
  AnomalyStages stages;
  stages.equalised_image = equalise(x, by_tensors);
  stages.equalised_reconstruction = equalise(rec, by_tensors);
  stages.perceptual = plain.defined() ? plain : perceptual.distance(x, rec);
  stages.perceptual_smooth = smooth(stages.perceptual, by_tensors);
  stages.equalised_perceptual = perceptual.distance(stages.equalised_image, stages.equalised_reconstruction);
  stages.equalised_perceptual_smooth = smooth(stages.equalised_perceptual, by_tensors);
  const at::Tensor residual = (stages.equalised_reconstruction - stages.equalised_image).abs();
  const at::Tensor saliency = stages.perceptual_smooth * stages.equalised_perceptual_smooth;
  stages.map = (residual * saliency).mean(1).to(at::kCPU).contiguous();
  stages.scores = stages.map.to(at::kDouble).flatten(1).mean(1);
  return stages;
}

at::Tensor scores_of_samples(const at::Tensor& slice, const at::Tensor& mean, const at::Tensor& log_variance,
                             const at::Tensor& noise, const std::function<at::Tensor(const at::Tensor&)>& decode,
                             const PerceptualDistance& perceptual) {
  std::vector<at::Tensor> scores;
  for (std::int64_t k = 0; k < noise.size(0); ++k) {
    const at::Tensor z = sample_latent(mean, log_variance, noise[k].to(mean.device())).contiguous();
    scores.push_back(anomaly_stages(slice, decode(z), perceptual).scores);
  }
  return at::cat(scores);
}

double default_map_maximum(const PerceptualDistance& perceptual) { return perceptual.name() == "encoder" ? 0.05 : 0.1; }

at::Tensor mean_absolute_errors(const at::Tensor& images, const at::Tensor& reconstructions) {
  return (reconstructions - images).abs().to(at::kDouble).flatten(1).mean(1).to(at::kCPU);
}

}  // namespace ra

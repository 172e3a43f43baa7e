#include "ra/transforms/gaussian_parts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra::gaussian_parts {

std::vector<double> half_kernel(double sigma) {
  const auto radius = static_cast<std::int64_t>(4.0 * sigma + 0.5);
  std::vector<double> weights;
  double sum = 0.0;
  for (std::int64_t i = 0; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 / (sigma * sigma) * static_cast<double>(i * i)));
    sum += i == 0 ? 1.0 : 2.0 * weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

std::vector<std::int64_t> reflected(std::int64_t size, std::int64_t radius) {
  std::vector<std::int64_t> sources;
  for (std::int64_t i = -radius; i < size + radius; ++i) {
    const std::int64_t phase = ((i % (2 * size)) + 2 * size) % (2 * size);
    sources.push_back(std::min(phase, 2 * size - 1 - phase));
  }
  return sources;
}

void check(const at::Tensor& images, double sigma) {
  if (images.scalar_type() == at::kFloat && images.dim() >= 2 && sigma > 0.0 && sigma < 1e4) return;
  throw Error(ErrorCode::kBadInput, "the Gaussian filter takes float32 images [...,H,W] and a sigma above 0");
}

}  // namespace ra::gaussian_parts

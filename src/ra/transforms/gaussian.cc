#include "ra/transforms/gaussian.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "ra/base/error.h"

namespace ra {
namespace {

// Weights of one side, from the centre (index 0) outwards; the whole kernel sums to 1.
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

// Source index of every position of an axis that is extended by `radius` on both sides with its mirror image, the
// edge repeated; the reflection repeats when the radius exceeds the axis.
std::vector<std::int64_t> reflected(std::int64_t size, std::int64_t radius) {
  std::vector<std::int64_t> sources;
  for (std::int64_t i = -radius; i < size + radius; ++i) {
    const std::int64_t phase = ((i % (2 * size)) + 2 * size) % (2 * size);
    sources.push_back(std::min(phase, 2 * size - 1 - phase));
  }
  return sources;
}

// sum = centre w0 + pairs from the outermost inwards, as SciPy adds them. Pointer + offset is one neighbour; both
// `line` and its neighbours are `count` consecutive doubles.
void correlate(const double* const* lines, std::int64_t radius, const std::vector<double>& weights, double* sums,
               std::int64_t count) {
  const double* centre = lines[radius];
  for (std::int64_t i = 0; i < count; ++i) sums[i] = centre[i] * weights[0];
  for (std::int64_t k = radius; k > 0; --k) {
    const double *before = lines[radius - k], *after = lines[radius + k];
    const double weight = weights[static_cast<std::size_t>(k)];
    for (std::int64_t i = 0; i < count; ++i) sums[i] += (before[i] + after[i]) * weight;
  }
}

// Filters one image [height][width] down its columns, then along its rows.
void filter_image(const float* image, float* result, std::int64_t height, std::int64_t width,
                  const std::vector<double>& weights) {
  const std::int64_t radius = std::ssize(weights) - 1;
  const std::vector<std::int64_t> rows = reflected(height, radius), columns = reflected(width, radius);
  const std::vector<double> pixels(image, image + height * width);
  std::vector<double> sums(static_cast<std::size_t>(width)), extended(columns.size());
  std::vector<const double*> lines(static_cast<std::size_t>(2 * radius + 1));
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t k = 0; k <= 2 * radius; ++k) lines[k] = pixels.data() + rows[y + k] * width;
    correlate(lines.data(), radius, weights, sums.data(), width);
    // Rounded to float32 between the axes, as SciPy stores it.
    for (std::size_t i = 0; i < columns.size(); ++i) extended[i] = static_cast<float>(sums[columns[i]]);
    for (std::int64_t k = 0; k <= 2 * radius; ++k) lines[k] = extended.data() + k;
    correlate(lines.data(), radius, weights, sums.data(), width);
    for (std::int64_t x = 0; x < width; ++x) result[y * width + x] = static_cast<float>(sums[x]);
  }
}

}  // namespace

at::Tensor gaussian_filter(const at::Tensor& images, double sigma) {
  if (images.scalar_type() != at::kFloat || images.dim() < 2 || !(sigma > 0.0 && sigma < 1e4)) {
    throw Error(ErrorCode::kBadInput, "the Gaussian filter takes float32 images [...,H,W] and a sigma above 0");
  }
  const at::Tensor values = images.contiguous();
  const std::vector<double> weights = half_kernel(sigma);
  const std::int64_t height = values.size(-2), width = values.size(-1), area = height * width;
  at::Tensor result = at::empty_like(values);
  if (values.numel() == 0) return result;
  const float* from = values.const_data_ptr<float>();
  float* to = result.data_ptr<float>();
  at::parallel_for(0, values.numel() / area, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) filter_image(from + n * area, to + n * area, height, width, weights);
  });
  return result;
}

}  // namespace ra

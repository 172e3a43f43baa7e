#include "ra/transforms/gaussian.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ra/transforms/gaussian_parts.h"
#include "ra/transforms/vectorised.h"

namespace ra {
namespace {

using gaussian_parts::reflected;

// sum = centre w0 + pairs from the outermost inwards, as SciPy adds them. lines[radius] is the centre, the others are
// its neighbours, each of `count` consecutive doubles.
RA_VECTORISED void correlate(const double* const* lines, std::int64_t radius, const double* weights,
                             double* __restrict sums, std::int64_t count) {
  constexpr std::int64_t kBlock = 16;  // sums that stay in registers
  for (std::int64_t start = 0; start < count; start += kBlock) {
    const std::int64_t length = std::min(kBlock, count - start);
    double block[kBlock];
    if (length == kBlock) {
      for (std::int64_t i = 0; i < kBlock; ++i) block[i] = lines[radius][start + i] * weights[0];
      for (std::int64_t k = radius; k > 0; --k) {
        const double *before = lines[radius - k] + start, *after = lines[radius + k] + start;
        for (std::int64_t i = 0; i < kBlock; ++i) block[i] += (before[i] + after[i]) * weights[k];
      }
      for (std::int64_t i = 0; i < kBlock; ++i) sums[start + i] = block[i];
      continue;
    }
    for (std::int64_t i = start; i < count; ++i) {
      double sum = lines[radius][i] * weights[0];
      for (std::int64_t k = radius; k > 0; --k) sum += (lines[radius - k][i] + lines[radius + k][i]) * weights[k];
      sums[i] = sum;
    }
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
    correlate(lines.data(), radius, weights.data(), sums.data(), width);
    // Rounded to float32 between the axes, as SciPy stores it.
    for (std::size_t i = 0; i < columns.size(); ++i) extended[i] = static_cast<float>(sums[columns[i]]);
    for (std::int64_t k = 0; k <= 2 * radius; ++k) lines[k] = extended.data() + k;
    correlate(lines.data(), radius, weights.data(), sums.data(), width);
    for (std::int64_t x = 0; x < width; ++x) result[y * width + x] = static_cast<float>(sums[x]);
  }
}

}  // namespace

at::Tensor gaussian_filter(const at::Tensor& images, double sigma) {
  gaussian_parts::check(images, sigma);
  const at::Tensor values = images.contiguous();
  const std::vector<double> weights = gaussian_parts::half_kernel(sigma);
  const std::int64_t height = values.size(-2), width = values.size(-1), area = height * width;
  at::Tensor result = at::empty_like(values);
  if (values.numel() == 0) return result;
  const float* from = values.const_data_ptr<float>();
  float* to = result.data_ptr<float>();
  for (std::int64_t done = 0; done < values.numel(); done += area) {
    filter_image(from + done, to + done, height, width, weights);
  }
  return result;
}

}  // namespace ra

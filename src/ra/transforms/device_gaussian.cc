#include "ra/transforms/device_gaussian.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "ra/transforms/gaussian_parts.h"

namespace ra {
namespace {

// Filters one axis in the order of sums of gaussian.cc: the centre, then pairs from the outermost inwards. Product
// and sum are operations of their own, which no device fuses.
at::Tensor correlate(const at::Tensor& values, std::int64_t axis, const std::vector<double>& weights) {
  const std::int64_t radius = std::ssize(weights) - 1, size = values.size(axis);
  const at::Tensor sources = at::tensor(gaussian_parts::reflected(size, radius), at::kLong).to(values.device());
  const at::Tensor extended = values.to(at::kDouble).index_select(axis, sources);
  at::Tensor sums = extended.narrow(axis, radius, size) * weights[0];
  for (std::int64_t k = radius; k > 0; --k) {
    sums += (extended.narrow(axis, radius - k, size) + extended.narrow(axis, radius + k, size)) * weights[k];
  }
  return sums.to(at::kFloat);
}

}  // namespace

at::Tensor gaussian_filter_by_tensors(const at::Tensor& images, double sigma) {
  gaussian_parts::check(images, sigma);
  if (images.numel() == 0) return at::empty_like(images);
  const std::vector<double> weights = gaussian_parts::half_kernel(sigma);
  return correlate(correlate(images, -2, weights), -1, weights);
}

}  // namespace ra

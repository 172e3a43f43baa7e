#include "ra/transforms/clahe_parts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"

namespace ra::clahe_parts {
namespace {

constexpr double kClipLimit = 0.01;
constexpr int kTiles = 8;  // the kernel is this share of a side

}  // namespace

Axis::Axis(std::int64_t size_) : size(size_), kernel(std::max<std::int64_t>(size_ / kTiles, 1)), before(kernel / 2) {
  const std::int64_t after = (kernel - size % kernel) % kernel + (kernel + 1) / 2;
  const std::int64_t period = std::max<std::int64_t>(2 * (size - 1), 1);
  for (std::int64_t i = -before; i < size + after; ++i) {
    const std::int64_t phase = ((i % period) + period) % period;
    mirrored.push_back(size == 1 ? 0 : std::min(phase, period - phase));
  }
  tiles = std::ssize(mirrored) / kernel - 1;
}

std::vector<Neighbours> neighbours(const Axis& axis) {
  std::vector<Neighbours> result;
  for (std::int64_t i = axis.before; i < axis.before + axis.size; ++i) {
    const std::int64_t second = i / axis.kernel;
    result.push_back({std::max<std::int64_t>(second - 1, 0), std::min(second, axis.tiles - 1),
                      static_cast<double>(i % axis.kernel) / static_cast<double>(axis.kernel)});
  }
  return result;
}

std::int32_t clip_limit(const Axis& y, const Axis& x) {
  return static_cast<std::int32_t>(std::max(kClipLimit * y.kernel * x.kernel, 1.0));
}

double height_of_one(const Axis& y, const Axis& x) { return (kGray - 1) / static_cast<double>(y.kernel * x.kernel); }

void check_images(const at::Tensor& images) {
  if (images.scalar_type() == at::kFloat && (images.dim() == 2 || images.dim() == 3) && images.numel() > 0) return;
  throw Error(ErrorCode::kBadInput, "CLAHE takes float32 images [N,H,W] or [H,W] of at least one pixel");
}

void refuse_value(float value) {
  throw Error(ErrorCode::kBadInput,
              fmt::format("CLAHE takes values in [-1, 1], but found {:g}; clamp the image first", value));
}

}  // namespace ra::clahe_parts

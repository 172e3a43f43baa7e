#include "ra/detection/foreground.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "ra/base/error.h"
#include "ra/data/mask_regions.h"

namespace ra {
namespace {

constexpr std::int64_t kRimParts = 25;

// Keeps the pixels whose square of `radius` lies inside the mask; beyond the picture counts as inside.
at::Tensor erode(const at::Tensor& mask, std::int64_t radius) {
  const std::int64_t side = 2 * radius + 1;
  at::Tensor outside = mask.logical_not().to(at::kFloat).unsqueeze(0).unsqueeze(0);
  outside = at::max_pool2d(outside, {side, 1}, 1, {radius, 0});
  outside = at::max_pool2d(outside, {1, side}, 1, {0, radius});
  return outside.squeeze(0).squeeze(0) == 0;
}

}  // namespace

at::Tensor foreground_mask(const at::Tensor& image) {
  if ((image.dim() != 2 && image.dim() != 3) || image.size(-1) != image.size(-2) || image.numel() == 0) {
    throw Error(ErrorCode::kUsage, "a foreground mask needs a square slice");
  }
  const std::int64_t side = image.size(-1);
  const at::Tensor gray = (image.dim() == 3 ? image.mean(0) : image).to(at::kCPU, at::kFloat).contiguous();
  std::vector<std::uint8_t> mask =
      otsu_split({gray.const_data_ptr<float>(), static_cast<std::size_t>(gray.numel())}).mask;
  fill_holes(mask, side, side);
  keep_largest_region(mask, side, side);
  const at::Tensor head = at::from_blob(mask.data(), {side, side}, at::kByte).to(at::kBool).clone();
  const std::int64_t rim = side / kRimParts;
  if (rim == 0) return head;
  const at::Tensor inner = erode(head, rim);
  return inner.any().item<bool>() ? inner : head;
}

}  // namespace ra

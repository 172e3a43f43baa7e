#include "ra/transforms/pad.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace ra {

at::Tensor pad_to_square(const at::Tensor& image, float fill) {
  const std::int64_t height = image.size(1), width = image.size(2), side = std::max(height, width);
  if (height == width) return image;
  at::Tensor square = at::full({image.size(0), side, side}, fill, image.options());
  square.narrow(1, (side - height) / 2, height).narrow(2, (side - width) / 2, width).copy_(image);
  return square;
}

at::Tensor resize_bilinear(const at::Tensor& image, int size) {
  return at::upsample_bilinear2d(image.unsqueeze(0), {size, size}, /*align_corners=*/false).squeeze(0);
}

}  // namespace ra

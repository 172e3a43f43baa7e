#include "ra/image/image.h"

#include <cmath>

namespace ra {

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kNpy:
      return "NPY";
    case ImageFormat::kNifti:
      return "NIfTI";
  }
  return "unknown";
}

std::optional<std::array<double, 3>> Image::spacing_mm() const {
  if (!world_from_voxel) return std::nullopt;
  const Affine& affine = *world_from_voxel;
  std::array<double, 3> spacing{};
  for (int axis = 0; axis < 3; ++axis) {
    spacing[axis] = std::hypot(affine[0][axis], affine[1][axis], affine[2][axis]);
  }
  return spacing;
}

}  // namespace ra

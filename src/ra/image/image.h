#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ra {

// The file formats that images come from. Steps to add one: io/formats.cc.
enum class ImageFormat { kPng, kJpeg, kNpy, kNifti };
std::string_view to_string(ImageFormat format);

// How the file stored a pixel; decides how pixels become [0, 1] (transforms/input.h).
enum class PixelType { kUint8, kUint16, kFloat, kOther };

// Row-major 4x4 matrix: (column, row, slice, 1) in voxels, counted from 0 at voxel centres, to millimetres in
// the RAS+ frame (x to the patient's right, y to anterior, z to superior).
using Affine = std::array<std::array<double, 4>, 4>;

// A picture or a volume: pixels and where they lie. Pixel values are those of the file after its own slope and
// intercept, not yet scaled to [0, 1], always finite.
struct Image {
  std::int64_t columns = 0;   // along x in a NIfTI volume
  std::int64_t rows = 0;      // along y
  std::int64_t slices = 1;    // along z; 1 for a picture
  std::int64_t channels = 1;  // 1 or 3 (colour); an alpha channel is dropped by the readers
  std::vector<float> pixels;  // [slices][rows][columns][channels]
  ImageFormat format = ImageFormat::kPng;
  PixelType pixel_type = PixelType::kUint8;
  std::optional<Affine> world_from_voxel;  // absent for pictures and arrays

  bool is_volume() const { return slices > 1 || format == ImageFormat::kNifti; }
  // Voxel edge lengths in mm along columns, rows, slices; absent without geometry.
  std::optional<std::array<double, 3>> spacing_mm() const;
};

}  // namespace ra

#include "ra/data/slice_writer.h"

#include <vector>

#include "ra/base/error.h"
#include "ra/io/npy.h"
#include "ra/io/write_image.h"

namespace ra {
namespace {

template <class Number>
std::vector<Number> whole_numbers(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

void write_array(const std::filesystem::path& path, const Image& slice) {
  std::vector<std::int64_t> shape{slice.rows, slice.columns};
  if (slice.channels > 1) shape.push_back(slice.channels);
  if (slice.pixel_type == PixelType::kUint8) {
    write_npy(path, whole_numbers<std::uint8_t>(slice.pixels), shape);
  } else {
    write_npy(path, slice.pixels, shape);
  }
}

}  // namespace

std::string slice_ending(const Image& slice) {
  if (slice.format == ImageFormat::kNifti) return ".nii.gz";
  return slice.format == ImageFormat::kNpy ? ".npy" : ".png";
}

void write_slice(const std::filesystem::path& path, const Image& slice) {
  if (slice.format == ImageFormat::kNifti) {
    if (slice.channels != 1) throw Error(ErrorCode::kBadInput, "colour NIfTI files are not written; give gray ones");
    write_nifti(path, slice);
  } else if (slice.format == ImageFormat::kNpy) {
    write_array(path, slice);
  } else if (slice.pixel_type == PixelType::kUint16) {
    write_png(path, whole_numbers<std::uint16_t>(slice.pixels), slice.columns, slice.rows, slice.channels);
  } else {
    write_png(path, whole_numbers<std::uint8_t>(slice.pixels), slice.columns, slice.rows, slice.channels);
  }
}

std::string mask_ending(const Image& slice) { return slice.format == ImageFormat::kNifti ? ".nii.gz" : ".png"; }

void write_mask(const std::filesystem::path& path, const Image& slice, std::span<const std::uint8_t> mask) {
  if (slice.format != ImageFormat::kNifti) {
    write_png(path, mask, slice.columns, slice.rows);
    return;
  }
  Image image = slice;
  image.channels = 1;
  image.pixels.clear();
  for (const std::uint8_t value : mask) image.pixels.push_back(value != 0 ? 1.0f : 0.0f);
  write_nifti(path, image);
}

}  // namespace ra

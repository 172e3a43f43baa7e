#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "ra/image/image.h"

namespace ra {

// How a changed copy of a slice is stored so that it reads as its original does: ".nii.gz" (float32, same geometry) for
// NIfTI, ".npy" (uint8 or float32) for NPY, ".png" of the same depth for PNG and JPEG.
std::string slice_ending(const Image& slice);

// `path` ends as slice_ending() says. kBadInput for colour NIfTI.
void write_slice(const std::filesystem::path& path, const Image& slice);

// A mask of the slice's grid, 0 or 255 a pixel: ".nii.gz" with 0 and 1 and the same geometry for NIfTI, ".png"
// otherwise.
std::string mask_ending(const Image& slice);
void write_mask(const std::filesystem::path& path, const Image& slice, std::span<const std::uint8_t> mask);

}  // namespace ra

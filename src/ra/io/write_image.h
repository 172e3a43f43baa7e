#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "ra/image/image.h"

namespace ra {

// kFast takes a fifth of kSmall's time and serves pictures that are made by the thousand; their noise hardly packs
// better with more effort.
enum class PngEffort { kSmall, kFast };

// 8-bit PNG, atomically. `pixels` is [rows][columns][channels]; channels is 1 (gray) or 3 (RGB);
// another number of bytes is a bug of the caller (std::logic_error).
void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t columns,
               std::int64_t rows, std::int64_t channels = 1, PngEffort effort = PngEffort::kSmall);
// 16-bit PNG, the same otherwise.
void write_png(const std::filesystem::path& path, std::span<const std::uint16_t> pixels, std::int64_t columns,
               std::int64_t rows, std::int64_t channels = 1);

// The 8-bit one, encoded in memory.
std::vector<std::byte> encode_png(std::span<const std::uint8_t> pixels, std::int64_t columns, std::int64_t rows,
                                  std::int64_t channels = 1, PngEffort effort = PngEffort::kSmall);

// float32 NIfTI-1 (.nii, or .nii.gz by the name), one channel, with qform and sform from world_from_voxel
// (identity where absent), atomically.
void write_nifti(const std::filesystem::path& path, const Image& image);
// A .nii file in memory.
std::vector<std::byte> encode_nifti(const Image& image);

}  // namespace ra

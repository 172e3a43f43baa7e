#pragma once

#include <cstdint>
#include <filesystem>

#include "ra/image/image.h"

namespace ra {

// Reads a PNG, JPEG, NPY or NIfTI-1/2 (.nii, .nii.gz) file; its first bytes decide which, not its name.
// Throws ra::Error kBadInput with file, reason and remedy when the file is missing, empty, truncated, of no known
// format, has NaN or infinite pixels, zero or overflowing dimensions, or more than kMaxPixels pixels.
Image read_image(const std::filesystem::path& path);

// Whether the first bytes are those of a format without volumes (PNG, JPEG); false for a file that cannot be read.
bool is_picture_file(const std::filesystem::path& path);

// Upper bound on pixels (all slices and channels), checked before memory is taken: 2^29, which is 2 GiB.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 29;
// Upper bound on one side of a picture: a larger one is no slice, and would take gigabytes.
inline constexpr std::int64_t kMaxSide = 1 << 14;

}  // namespace ra

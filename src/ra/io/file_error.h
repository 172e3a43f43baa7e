#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace ra {

// kBadInput: "cannot read 'PATH': REASON". The reason ends with the remedy.
[[noreturn]] void refuse_file(const std::filesystem::path& path, std::string_view reason);

// The same for a file that ends while `what` is read.
[[noreturn]] void refuse_truncated(const std::filesystem::path& path, std::string_view what);

// Throws unless every size is at least 1 and their product is at most kMaxPixels (read_image.h); no overflow.
void check_volume_size(const std::filesystem::path& path, std::int64_t columns, std::int64_t rows, std::int64_t slices,
                       std::int64_t channels);

// The same, and no side above kMaxSide.
void check_picture_size(const std::filesystem::path& path, std::int64_t columns, std::int64_t rows,
                        std::int64_t channels);

}  // namespace ra

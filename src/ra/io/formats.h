#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "ra/image/image.h"

namespace ra {

// One image format: whether a file's first bytes are its own, and its reader. A reader throws kBadInput for a file
// that is its own but broken; read_image checks what is common to all.
struct Format {
  bool (*matches)(std::span<const std::byte> head);
  Image (*read)(const std::filesystem::path& path);
};

// How many first bytes `matches` gets, fewer from a shorter file.
inline constexpr std::size_t kHeadBytes = 352;

// The format of a file that starts with `head`, or null.
const Format* find_format(std::span<const std::byte> head);

// For a file of no known format: " (it looks like DICOM; ...)", or a general remedy.
const char* foreign_format_hint(std::span<const std::byte> head);

bool is_png(std::span<const std::byte> head);
Image read_png(const std::filesystem::path& path);
bool is_jpeg(std::span<const std::byte> head);
Image read_jpeg(const std::filesystem::path& path);
bool is_npy(std::span<const std::byte> head);
Image read_npy_image(const std::filesystem::path& path);
bool is_nifti(std::span<const std::byte> head);
Image read_nifti(const std::filesystem::path& path);

}  // namespace ra

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "ra/image/image.h"
#include "ra/io/number_type.h"

namespace ra {

// What a NIfTI-1 (348 bytes) or NIfTI-2 (540 bytes) header says that matters here, in this machine's byte order.
struct NiftiHeader {
  bool swapped = false;                 // the file has the other byte order
  std::array<std::int64_t, 3> size{};   // columns, rows, slices
  NumberType type;                      // of a stored voxel
  std::int64_t data_offset = 0;         // of the first voxel, in bytes from the start of the file
  double slope = 1.0, intercept = 0.0;  // value = slope stored + intercept; 1 and 0 where the file has none
  Affine world_from_voxel{};            // sform, else qform, else voxel sizes alone
};

// Bytes of the header that starts with `head` (at least 4 bytes): 348, 540, or 0 when it is no NIfTI header.
std::size_t nifti_header_bytes(std::span<const std::byte> head);

// Reads and checks a whole header; kBadInput with `path` for one that is broken, or describes what is not read
// here: a .hdr/.img pair, colour or complex voxels, more than one volume.
NiftiHeader parse_nifti_header(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace ra

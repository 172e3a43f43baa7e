#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ra {

// A NumPy .npy file (format 1.0 to 3.0, NEP 1) decoded to C order and this machine's byte order.
struct NpyArray {
  std::string dtype;                // "f4", "f8", "i8", "u1", "b1", ...: kind and bytes, without byte order
  std::vector<std::int64_t> shape;  // empty for a scalar
  std::vector<std::byte> data;

  std::int64_t size() const;               // product of shape
  std::vector<double> as_doubles() const;  // every real dtype converted
  std::vector<float> as_floats() const;
};

// kBadInput for a broken or truncated file, an object, string or complex dtype, or more than `kMaxPixels` items.
NpyArray read_npy(const std::filesystem::path& path);

// Writes float32 (or uint8) values in C order as format 1.0, atomically.
void write_npy(const std::filesystem::path& path, std::span<const float> values, std::span<const std::int64_t> shape);
void write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
               std::span<const std::int64_t> shape);
// The same file in memory.
std::vector<std::byte> encode_npy(std::span<const float> values, std::span<const std::int64_t> shape);

}  // namespace ra

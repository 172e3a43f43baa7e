#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ra::testing {

// A PNG made byte by byte. `scanlines` holds, for every row, a filter byte (0) and its packed samples.
struct PngParts {
  std::uint32_t columns = 1, rows = 1;
  std::uint8_t bit_depth = 8, colour_type = 0;
  std::string scanlines = {};
  std::string palette = {};  // RGB triples
};
std::string png_bytes(const PngParts& parts);

// One gzip member.
std::string gzip(std::string_view content);

// A .nii file (version 1 or 2) made field by field, in either byte order.
class NiftiBytes {
 public:
  // dim is {columns, rows, slices, ...}; the header is valid, has unit voxels, and neither qform nor sform.
  NiftiBytes(int version, const std::vector<std::int64_t>& dim, int datatype, bool big_endian = false);

  template <class Number>
  void put(std::size_t offset, Number value) {
    const std::string raw = encoded(value);
    bytes_.replace(offset, raw.size(), raw);
  }
  // Appends a voxel.
  template <class Number>
  void add(Number value) {
    bytes_ += encoded(value);
  }
  void set_sform(const std::vector<std::vector<double>>& rows);
  // A real number of the header: float in version 1, double in version 2.
  void put_real(std::size_t offset1, std::size_t offset2, double value);

  std::string& bytes() { return bytes_; }

 private:
  template <class Number>
  std::string encoded(Number value) const {
    std::string raw(sizeof(value), '\0');
    std::memcpy(raw.data(), &value, sizeof(value));
    return big_endian_ ? std::string(raw.rbegin(), raw.rend()) : raw;
  }

  int version_;
  bool big_endian_;
  std::string bytes_;
};

}  // namespace ra::testing

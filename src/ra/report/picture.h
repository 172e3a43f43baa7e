#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "ra/io/write_image.h"

namespace ra {

using Rgb = std::array<std::uint8_t, 3>;
inline constexpr Rgb kBlack{0, 0, 0};
inline constexpr Rgb kWhite{255, 255, 255};

// One float value a pixel, row-major: a slice in [0, 1], or an anomaly map in its own unit.
struct FloatPicture {
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::vector<float> values;  // [rows][columns]
};

// A colour picture that things are drawn into. What would fall outside is left out.
class RgbPicture {
 public:
  RgbPicture(std::int64_t columns, std::int64_t rows, Rgb background = kBlack);

  std::int64_t columns() const { return columns_; }
  std::int64_t rows() const { return rows_; }
  std::span<const std::uint8_t> pixels() const { return pixels_; }  // [rows][columns][3]

  Rgb at(std::int64_t column, std::int64_t row) const;
  void set(std::int64_t column, std::int64_t row, Rgb colour);
  void fill_rectangle(std::int64_t column, std::int64_t row, std::int64_t columns, std::int64_t rows, Rgb colour);
  // `other` with its upper left corner at (column, row).
  void paste(const RgbPicture& other, std::int64_t column, std::int64_t row);

 private:
  std::int64_t columns_;
  std::int64_t rows_;
  std::vector<std::uint8_t> pixels_;
};

// Every pixel as a square of `zoom` x `zoom`.
RgbPicture enlarged(const RgbPicture& picture, int zoom);

// [0, 1] as gray; values outside are clipped.
RgbPicture gray_picture(const FloatPicture& slice);

// PNG, atomically.
void write_picture(const std::filesystem::path& path, const RgbPicture& picture, PngEffort effort = PngEffort::kSmall);

}  // namespace ra

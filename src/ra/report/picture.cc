#include "ra/report/picture.h"

#include <algorithm>

namespace ra {

RgbPicture::RgbPicture(std::int64_t columns, std::int64_t rows, Rgb background)
    : columns_(columns), rows_(rows), pixels_(static_cast<std::size_t>(columns * rows) * 3) {
  fill_rectangle(0, 0, columns, rows, background);
}

Rgb RgbPicture::at(std::int64_t column, std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row * columns_ + column) * 3;
  return {pixels_[at], pixels_[at + 1], pixels_[at + 2]};
}

void RgbPicture::set(std::int64_t column, std::int64_t row, Rgb colour) {
  if (column < 0 || row < 0 || column >= columns_ || row >= rows_) return;
  std::copy(colour.begin(), colour.end(), pixels_.begin() + (row * columns_ + column) * 3);
}

void RgbPicture::fill_rectangle(std::int64_t column, std::int64_t row, std::int64_t columns, std::int64_t rows,
                                Rgb colour) {
  for (std::int64_t r = row; r < row + rows; ++r) {
    for (std::int64_t c = column; c < column + columns; ++c) set(c, r, colour);
  }
}

void RgbPicture::paste(const RgbPicture& other, std::int64_t column, std::int64_t row) {
  for (std::int64_t r = 0; r < other.rows(); ++r) {
    for (std::int64_t c = 0; c < other.columns(); ++c) set(column + c, row + r, other.at(c, r));
  }
}

RgbPicture enlarged(const RgbPicture& picture, int zoom) {
  RgbPicture large(picture.columns() * zoom, picture.rows() * zoom);
  for (std::int64_t row = 0; row < picture.rows(); ++row) {
    for (std::int64_t column = 0; column < picture.columns(); ++column) {
      large.fill_rectangle(column * zoom, row * zoom, zoom, zoom, picture.at(column, row));
    }
  }
  return large;
}

RgbPicture gray_picture(const FloatPicture& slice) {
  RgbPicture picture(slice.columns, slice.rows);
  for (std::int64_t row = 0; row < slice.rows; ++row) {
    for (std::int64_t column = 0; column < slice.columns; ++column) {
      const float value = std::clamp(slice.values[static_cast<std::size_t>(row * slice.columns + column)], 0.0f, 1.0f);
      const auto gray = static_cast<std::uint8_t>(value * 255.0f + 0.5f);
      picture.set(column, row, {gray, gray, gray});
    }
  }
  return picture;
}

void write_picture(const std::filesystem::path& path, const RgbPicture& picture, PngEffort effort) {
  write_png(path, picture.pixels(), picture.columns(), picture.rows(), 3, effort);
}

}  // namespace ra

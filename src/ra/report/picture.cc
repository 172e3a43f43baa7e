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
  const std::int64_t left = std::max<std::int64_t>(column, 0), right = std::min(column + columns, columns_);
  const std::int64_t bottom = std::min(row + rows, rows_);
  if (left >= right) return;
  for (std::int64_t r = std::max<std::int64_t>(row, 0); r < bottom; ++r) {
    auto pixel = pixels_.begin() + (r * columns_ + left) * 3;
    for (std::int64_t c = left; c < right; ++c) pixel = std::copy(colour.begin(), colour.end(), pixel);
  }
}

void RgbPicture::paste(const RgbPicture& other, std::int64_t column, std::int64_t row) {
  const std::int64_t left = std::max<std::int64_t>(column, 0), right = std::min(column + other.columns(), columns_);
  const std::int64_t bottom = std::min(row + other.rows(), rows_);
  if (left >= right) return;
  for (std::int64_t r = std::max<std::int64_t>(row, 0); r < bottom; ++r) {
    const auto from = other.pixels_.begin() + ((r - row) * other.columns_ + left - column) * 3;
    std::copy(from, from + (right - left) * 3, pixels_.begin() + (r * columns_ + left) * 3);
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

#include "ra/data/lesion_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ra {
namespace {

// The largest value within `reach` pixels, along both axes.
Raster widened(const Raster& picture, int reach) {
  Raster across(picture.columns, picture.rows);
  Raster out(picture.columns, picture.rows);
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      const auto begin = picture.values.begin() + static_cast<std::ptrdiff_t>(row) * picture.columns;
      const int first = std::max(column - reach, 0);
      const int last = std::min(column + reach, picture.columns - 1);
      across.at(column, row) = *std::max_element(begin + first, begin + last + 1);
    }
  }
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      float largest = across.at(column, row);
      for (int r = std::max(row - reach, 0); r <= std::min(row + reach, picture.rows - 1); ++r) {
        largest = std::max(largest, across.at(column, r));
      }
      out.at(column, row) = largest;
    }
  }
  return out;
}

// Mean of |lesioned - healthy| over the window: a region instead of the thin lines along every edge that moved.
Raster visible_change(const RenderedLesion& slices, int window) {
  Raster change(slices.healthy.columns, slices.healthy.rows);
  for (std::size_t i = 0; i < change.values.size(); ++i) {
    change.values[i] = std::fabs(slices.lesioned.values[i] - slices.healthy.values[i]);
  }
  return box_mean(change, window);
}

}  // namespace

RenderedLesion::RenderedLesion(int columns, int rows)
    : healthy(columns, rows), lesioned(healthy), coverage(healthy), ventricle_distance(healthy) {}

std::vector<std::uint8_t> lesion_mask(const RenderedLesion& slices, std::optional<float> change_within, int window) {
  constexpr float kForeignShare = 0.35f;
  constexpr float kVisibleChange = 32.0f;
  const Raster change = change_within ? visible_change(slices, window) : Raster(0, 0);
  std::vector<std::uint8_t> mask(slices.healthy.values.size(), 0);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bool in_lesion = slices.coverage.values[i] > kForeignShare;
    if (change_within) {
      in_lesion |= change.values[i] > kVisibleChange && slices.ventricle_distance.values[i] < *change_within;
    }
    mask[i] = in_lesion ? 255 : 0;
  }
  return mask;
}

std::vector<std::uint8_t> untouched(const RenderedLesion& slices, int reach) {
  Raster touched(slices.healthy.columns, slices.healthy.rows);
  for (std::size_t i = 0; i < touched.values.size(); ++i) {
    const bool same = slices.lesioned.values[i] == slices.healthy.values[i] && slices.coverage.values[i] == 0.0f;
    touched.values[i] = same ? 0.0f : 1.0f;
  }
  touched = widened(touched, reach);
  std::vector<std::uint8_t> outside(touched.values.size());
  for (std::size_t i = 0; i < outside.size(); ++i) outside[i] = touched.values[i] > 0.0f ? 0 : 255;
  return outside;
}

std::string box_around(std::span<const std::uint8_t> mask, std::int64_t columns, std::int64_t rows) {
  std::int64_t left = columns, top = rows, right = -1, bottom = -1;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      if (mask[static_cast<std::size_t>(row * columns + column)] == 0) continue;
      left = std::min(left, column);
      right = std::max(right, column);
      top = std::min(top, row);
      bottom = std::max(bottom, row);
    }
  }
  return right < 0 ? "" : fmt::format("{} {} {} {}", left, top, right - left + 1, bottom - top + 1);
}

}  // namespace ra

#include "ra/report/color_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"
#include "ra/report/text.h"

namespace ra {
namespace {

// Equally spaced samples of the scale; colours between them are mixed.
constexpr std::array<Rgb, 10> kAnchors{{{0, 0, 4},
                                        {27, 12, 66},
                                        {75, 12, 107},
                                        {120, 28, 109},
                                        {165, 44, 96},
                                        {207, 68, 70},
                                        {237, 105, 37},
                                        {251, 154, 6},
                                        {247, 208, 60},
                                        {252, 255, 164}}};

Rgb mixed(Rgb from, Rgb to, double share) {
  Rgb out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(std::lround(from[i] + (to[i] - from[i]) * share));
  }
  return out;
}

}  // namespace

ColorScale::ColorScale(double maximum) : maximum_(maximum) {
  if (!std::isfinite(maximum) || maximum <= 0.0) {
    throw Error(ErrorCode::kUsage, fmt::format("the colour scale's maximum is {}; it must be above 0", maximum));
  }
}

Rgb ColorScale::color(double value) const {
  const double share = std::isnan(value) ? 0.0 : std::clamp(value / maximum_, 0.0, 1.0);
  const double position = share * (kAnchors.size() - 1);
  const auto before = std::min(static_cast<std::size_t>(position), kAnchors.size() - 2);
  return mixed(kAnchors[before], kAnchors[before + 1], position - static_cast<double>(before));
}

RgbPicture map_picture(const FloatPicture& map, const ColorScale& scale) {
  RgbPicture picture(map.columns, map.rows);
  for (std::int64_t row = 0; row < map.rows; ++row) {
    for (std::int64_t column = 0; column < map.columns; ++column) {
      picture.set(column, row, scale.color(map.values[static_cast<std::size_t>(row * map.columns + column)]));
    }
  }
  return picture;
}

RgbPicture map_over_slice(const FloatPicture& slice, const FloatPicture& map, const ColorScale& scale) {
  RgbPicture picture = gray_picture(slice);
  const double start = scale.maximum() / 8.0;
  for (std::int64_t row = 0; row < std::min(slice.rows, map.rows); ++row) {
    for (std::int64_t column = 0; column < std::min(slice.columns, map.columns); ++column) {
      const double value = map.values[static_cast<std::size_t>(row * map.columns + column)];
      const double cover = std::clamp((value - start) / (0.5 * scale.maximum()), 0.0, 0.9);
      if (cover > 0.0) picture.set(column, row, mixed(picture.at(column, row), scale.color(value), cover));
    }
  }
  return picture;
}

RgbPicture color_bar(const ColorScale& scale, std::int64_t rows, int text_zoom) {
  const std::string top = fmt::format("{:.3g}", scale.maximum());
  const std::string middle = fmt::format("{:.3g}", scale.maximum() / 2.0);
  const std::int64_t bar_columns = 10 * text_zoom;
  const std::int64_t gap = 3 * text_zoom;
  const std::int64_t text_columns = text_width(top.size() > middle.size() ? top : middle, text_zoom);
  RgbPicture picture(bar_columns + gap + text_columns, rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    const double value = scale.maximum() * static_cast<double>(rows - 1 - row) / std::max<double>(rows - 1, 1);
    picture.fill_rectangle(0, row, bar_columns, 1, scale.color(value));
  }
  const std::int64_t height = text_height(text_zoom);
  draw_text(picture, bar_columns + gap, 0, top, kWhite, text_zoom);
  draw_text(picture, bar_columns + gap, (rows - height) / 2, middle, kWhite, text_zoom);
  draw_text(picture, bar_columns + gap, rows - height, "0", kWhite, text_zoom);
  return picture;
}

}  // namespace ra

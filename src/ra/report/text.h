#pragma once

#include <string>
#include <string_view>

#include "ra/report/picture.h"

namespace ra {

// Letters of 5x7 dots, one dot apart, for labels in pictures: printable ASCII; other characters show as '?'.
// Positions are the upper left corner; `zoom` is the size of a dot in pixels.
void draw_text(RgbPicture& picture, std::int64_t column, std::int64_t row, std::string_view text, Rgb colour = kWhite,
               int zoom = 1);

std::int64_t text_width(std::string_view text, int zoom = 1);
std::int64_t text_height(int zoom = 1);

// `text`, or as much of its start as fits into `width` pixels, ending in "..".
std::string text_that_fits(std::string_view text, std::int64_t width, int zoom = 1);

}  // namespace ra

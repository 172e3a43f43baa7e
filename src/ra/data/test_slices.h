#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ra/data/synthetic_brain.h"
#include "ra/image/image.h"

namespace ra::testing {

// An 8-bit gray picture.
inline Image picture(std::int64_t columns, std::int64_t rows, std::vector<float> pixels) {
  Image image;
  image.columns = columns;
  image.rows = rows;
  image.pixels = std::move(pixels);
  return image;
}

// A healthy synthetic brain as an 8-bit picture would be read.
inline Image brain_slice(std::uint32_t index) {
  const SyntheticBrain brain = make_brain({}, 17, index);
  return picture(brain.columns, brain.rows, {brain.image.begin(), brain.image.end()});
}

// The same with `times` pixels along both axes for every one.
inline Image enlarged(const Image& slice, std::int64_t times) {
  Image large = slice;
  large.columns *= times;
  large.rows *= times;
  large.pixels.clear();
  for (std::int64_t row = 0; row < large.rows; ++row) {
    for (std::int64_t column = 0; column < large.columns; ++column) {
      large.pixels.push_back(slice.pixels[static_cast<std::size_t>(row / times * slice.columns + column / times)]);
    }
  }
  return large;
}

}  // namespace ra::testing

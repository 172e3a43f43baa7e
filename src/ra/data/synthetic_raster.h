#pragma once

#include <cstddef>
#include <vector>

#include "ra/base/random.h"

namespace ra {

// A point of the head's own frame in mm: x to the right of the picture, y downwards (posterior), the origin in the
// middle of the head.
struct HeadPoint {
  float x = 0.0f;
  float y = 0.0f;
};

// A float picture, row-major. In the head's frame it has one pixel a millimetre and its origin in the middle.
struct Raster {
  Raster(int width, int height, float value = 0.0f);

  float& at(int column, int row) { return values[static_cast<std::size_t>(row) * columns + column]; }
  float at(int column, int row) const { return values[static_cast<std::size_t>(row) * columns + column]; }
  float origin_column() const { return 0.5f * static_cast<float>(columns); }
  float origin_row() const { return 0.5f * static_cast<float>(rows); }
  HeadPoint point(int column, int row) const { return {column - origin_column(), row - origin_row()}; }
  // Bilinear value at a point of the head's frame; points outside take the nearest edge.
  float sample(HeadPoint point) const;

  int columns;
  int rows;
  std::vector<float> values;
};

// Smooth random values in [-1, 1]: a lattice of independent ones, `cell` pixels apart, smoothly interpolated.
Raster smooth_noise(int columns, int rows, float cell, CounterRandom& random);

// 0 below `low`, 1 above `high`, smooth between.
inline float smooth_step(float low, float high, float value) {
  float t = (value - low) / (high - low);
  t = t < 0.0f ? 0.0f : (t > 1.0f ? 1.0f : t);
  return t * t * (3.0f - 2.0f * t);
}

// Three-point blur along both axes; `side` is the weight of a neighbour.
void blur(Raster& picture, float side);

// Mean over the square of 2 * reach + 1 pixels around each; beyond the picture, the nearest pixel counts.
Raster box_mean(const Raster& picture, int reach);

inline float mix(float from, float to, float share) { return from + (to - from) * share; }

}  // namespace ra

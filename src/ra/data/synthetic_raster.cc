#include "ra/data/synthetic_raster.h"

#include <algorithm>
#include <cmath>

namespace ra {
namespace {

// Where a pixel lies in the lattice: the node before it, and the smoothed share of the node after it.
struct LatticePosition {
  int node;
  float share;
};

LatticePosition lattice_position(int pixel, float cell) {
  const float position = static_cast<float>(pixel) / cell;
  const int node = static_cast<int>(position);
  return {node, smooth_step(0.0f, 1.0f, position - static_cast<float>(node))};
}

}  // namespace

Raster::Raster(int width, int height, float value)
    : columns(width), rows(height), values(static_cast<std::size_t>(width) * height, value) {}

float Raster::sample(HeadPoint point) const {
  const float x = std::clamp(point.x + origin_column(), 0.0f, static_cast<float>(columns) - 1.001f);
  const float y = std::clamp(point.y + origin_row(), 0.0f, static_cast<float>(rows) - 1.001f);
  const int column = static_cast<int>(x);
  const int row = static_cast<int>(y);
  const float* above = values.data() + static_cast<std::size_t>(row) * columns + column;
  const float* below = above + columns;
  const float fx = x - static_cast<float>(column);
  return mix(mix(above[0], above[1], fx), mix(below[0], below[1], fx), y - static_cast<float>(row));
}

Raster smooth_noise(int columns, int rows, float cell, CounterRandom& random) {
  const int lattice_columns = static_cast<int>(static_cast<float>(columns) / cell) + 2;
  const int lattice_rows = static_cast<int>(static_cast<float>(rows) / cell) + 2;
  std::vector<float> lattice(static_cast<std::size_t>(lattice_columns) * lattice_rows);
  for (float& value : lattice) value = static_cast<float>(static_cast<double>(random()) / 2147483648.0 - 1.0);

  std::vector<LatticePosition> across(columns);
  for (int column = 0; column < columns; ++column) across[column] = lattice_position(column, cell);
  Raster noise(columns, rows);
  std::vector<float> line(lattice_columns);
  for (int row = 0; row < rows; ++row) {
    const LatticePosition down = lattice_position(row, cell);
    const float* above = lattice.data() + static_cast<std::size_t>(down.node) * lattice_columns;
    const float* below = above + lattice_columns;
    for (int node = 0; node < lattice_columns; ++node) line[node] = mix(above[node], below[node], down.share);
    float* out = noise.values.data() + static_cast<std::size_t>(row) * columns;
    for (int column = 0; column < columns; ++column) {
      out[column] = mix(line[across[column].node], line[across[column].node + 1], across[column].share);
    }
  }
  return noise;
}

}  // namespace ra

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

void blur(Raster& picture, float side) {
  const float middle = 1.0f - 2.0f * side;
  Raster across(picture.columns, picture.rows);
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      const float left = picture.at(std::max(column - 1, 0), row);
      const float right = picture.at(std::min(column + 1, picture.columns - 1), row);
      across.at(column, row) = middle * picture.at(column, row) + side * (left + right);
    }
  }
  for (int row = 0; row < picture.rows; ++row) {
    const int above = std::max(row - 1, 0);
    const int below = std::min(row + 1, picture.rows - 1);
    for (int column = 0; column < picture.columns; ++column) {
      picture.at(column, row) =
          middle * across.at(column, row) + side * (across.at(column, above) + across.at(column, below));
    }
  }
}

Raster box_mean(const Raster& picture, int reach) {
  const auto width = static_cast<float>(2 * reach + 1);
  Raster across(picture.columns, picture.rows);
  for (int row = 0; row < picture.rows; ++row) {
    double sum = 0.0;
    const auto value = [&](int column) { return picture.at(std::clamp(column, 0, picture.columns - 1), row); };
    for (int column = -reach; column < reach; ++column) sum += value(column);
    for (int column = 0; column < picture.columns; ++column) {
      sum += value(column + reach);
      across.at(column, row) = static_cast<float>(sum) / width;
      sum -= value(column - reach);
    }
  }
  Raster mean(picture.columns, picture.rows);
  for (int column = 0; column < picture.columns; ++column) {
    double sum = 0.0;
    const auto value = [&](int row) { return across.at(column, std::clamp(row, 0, picture.rows - 1)); };
    for (int row = -reach; row < reach; ++row) sum += value(row);
    for (int row = 0; row < picture.rows; ++row) {
      sum += value(row + reach);
      mean.at(column, row) = static_cast<float>(sum) / width;
      sum -= value(row - reach);
    }
  }
  return mean;
}

}  // namespace ra

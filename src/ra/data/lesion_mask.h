#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ra/data/synthetic_raster.h"

namespace ra {

// A slice without noise, with and without a lesion, all [rows][columns] of one grid.
struct RenderedLesion {
  Raster healthy;             // TissueBrightness's scale
  Raster lesioned;            // the same
  Raster coverage;            // share of foreign tissue, [0, 1]
  Raster ventricle_distance;  // mm

  RenderedLesion(int columns, int rows);
};

// 255 where a reader would say lesion, else 0: foreign tissue takes more than 0.35 of the pixel; for deformations
// (`change_within` mm of the ventricles) also where the brightness changes by more than 32 of 236, the level of white
// matter, on average over 2 * window + 1 pixels squared.
std::vector<std::uint8_t> lesion_mask(const RenderedLesion& slices, std::optional<float> change_within, int window);

// 255 where the lesion changes nothing within `reach` pixels, else 0.
std::vector<std::uint8_t> untouched(const RenderedLesion& slices, int reach);

// "x y columns rows" of the smallest box around what is set in a mask [rows][columns]; empty if nothing is.
std::string box_around(std::span<const std::uint8_t> mask, std::int64_t columns, std::int64_t rows);

}  // namespace ra

#pragma once

#include <array>

#include "ra/data/synthetic_head.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// The fluid spaces in the middle of a slice.
struct SliceVentricles {
  std::array<VentriclePath, 2> paths;  // left and right of the picture; empty where a side has no lateral ventricle
  Raster distance;                     // mm from their walls, negative inside, at most Head::kVentricleReach
};

// Finds them in a head's frame (1 mm) by brightness (TissueBrightness's scale) and place: dark, deep, near the middle,
// and not the fissure between the hemispheres.
SliceVentricles find_ventricles(const Raster& brightness, const Raster& depth);

}  // namespace ra

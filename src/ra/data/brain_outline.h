#pragma once

#include <array>
#include <optional>

#include "ra/data/synthetic_head.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// Where the brain lies in an axial T1-weighted slice: its surface by direction from a point inside.
struct BrainOutline {
  float column = 0.0f, row = 0.0f;                  // the point inside, in pixels
  std::array<float, HeadOutline::kAngles> radii{};  // pixels, smoothed; angle 0 is the right of the picture
  float threshold = 0.0f;                           // brightness above which a pixel counts as tissue

  // Area inside in square pixels.
  double area() const;
  // Direction of the longest axis as its turn away from vertical, radians in (-pi/2, pi/2], and how many times longer
  // than the other axis it is.
  struct Axis {
    float turn;
    float elongation;
  };
  Axis longest_axis() const;
};

// Finds the brain of a slice whose pixels have an edge of about a millimetre: tissue by Otsu's threshold, cut off from
// the scalp by an erosion, the largest region, its surface bridged over sulci and smoothed; of several thresholds and
// erosions the first whose surface leaves room for a skull all round. Slices without a skull take the first of all.
// Works on whole heads and on skull-stripped slices; empty where there is no such region. Near the base of the skull,
// orbits may be taken for brain.
std::optional<BrainOutline> find_brain(const Raster& slice);

}  // namespace ra

#include "ra/data/slice_ventricles.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ra/data/mask_regions.h"
#include "ra/metrics/components.h"

namespace ra {
namespace {

// Whether a ventricle may lie at a point of the head's frame.
bool in_reach(HeadPoint point) {
  const bool in_fissure = std::fabs(point.x) < 4.0f && (point.y < -24.0f || point.y > 24.0f);
  return std::fabs(point.x) < 34.0f && point.y > -46.0f && point.y < 48.0f && !in_fissure;
}

std::vector<std::uint8_t> fluid_near_the_middle(const Raster& brightness, const Raster& depth) {
  const float darkest_tissue = mix(TissueBrightness::kCsf, TissueBrightness::kCortex, 0.62f);
  constexpr float kDeep = 20.0f;
  std::vector<std::uint8_t> mask(brightness.values.size(), 0);
  for (int row = 0; row < brightness.rows; ++row) {
    for (int column = 0; column < brightness.columns; ++column) {
      const bool fluid = brightness.at(column, row) < darkest_tissue && depth.at(column, row) > kDeep;
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(brightness.columns) +
                      static_cast<std::size_t>(column);
      if (fluid && in_reach(brightness.point(column, row))) mask[at] = 1;
    }
  }
  return mask;
}

// Keeps regions of some size whose middle is nearer to the brain's than the insula is.
void drop_other_fluid(std::vector<std::uint8_t>& mask, const Raster& frame) {
  constexpr std::int64_t kLeastPixels = 15;
  constexpr float kFarthestMiddle = 27.0f;
  const Components found = connected_components(mask, frame.columns, frame.rows);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) continue;
    const Region& region = found.regions[found.labels[i] - 1];
    const float middle = 0.5f * static_cast<float>(region.left + region.right) - frame.origin_column();
    if (region.pixels < kLeastPixels || std::fabs(middle) > kFarthestMiddle) mask[i] = 0;
  }
}

// Down the middle of one side's fluid, one point every kStep mm.
VentriclePath path_on_side(const std::vector<std::uint8_t>& mask, const Raster& frame, float side) {
  constexpr int kStep = 4;
  constexpr std::size_t kLeastPoints = 3;
  constexpr float kOffMidline = 1.5f;
  VentriclePath path;
  for (int row = 0; row < frame.rows; row += kStep) {
    float sum = 0.0f, count = 0.0f;
    for (int column = 0; column < frame.columns; ++column) {
      const float x = frame.point(column, row).x;
      const auto at =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(frame.columns) + static_cast<std::size_t>(column);
      if (mask[at] == 0 || side * x < kOffMidline) continue;
      sum += x;
      ++count;
    }
    if (count == 0.0f) continue;
    path.points.push_back({sum / count, frame.point(0, row).y});
    path.half_widths.push_back(0.5f * count);
  }
  return path.points.size() < kLeastPoints ? VentriclePath{} : path;
}

Raster signed_distance(const std::vector<std::uint8_t>& mask, const Raster& frame) {
  std::vector<std::uint8_t> outside(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) outside[i] = mask[i] == 0 ? 1 : 0;
  const std::vector<float> to_fluid = distance_to(mask, frame.columns, frame.rows);
  const std::vector<float> to_tissue = distance_to(outside, frame.columns, frame.rows);
  Raster distance(frame.columns, frame.rows);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    // The wall runs half-way between a pixel of fluid and one of tissue.
    const float value = mask[i] != 0 ? 0.5f - to_tissue[i] : to_fluid[i] - 0.5f;
    distance.values[i] = std::min(value, Head::kVentricleReach);
  }
  return distance;
}

}  // namespace

SliceVentricles find_ventricles(const Raster& brightness, const Raster& depth) {
  std::vector<std::uint8_t> mask = fluid_near_the_middle(brightness, depth);
  fill_holes(mask, brightness.columns, brightness.rows);
  drop_other_fluid(mask, brightness);
  return {{path_on_side(mask, brightness, -1.0f), path_on_side(mask, brightness, 1.0f)},
          signed_distance(mask, brightness)};
}

}  // namespace ra

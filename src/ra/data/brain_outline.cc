#include "ra/data/brain_outline.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "ra/data/mask_regions.h"

namespace ra {
namespace {

constexpr int kAngles = HeadOutline::kAngles;
constexpr float kTwoPi = 2.0f * std::numbers::pi_v<float>;
using Radii = std::array<float, kAngles>;

float angle_of(int k) { return kTwoPi * static_cast<float>(k) / kAngles; }

// `pick` of the radii within `reach` steps, all round.
template <class Pick>
Radii windowed(const Radii& radii, int reach, Pick pick) {
  Radii out;
  for (int k = 0; k < kAngles; ++k) {
    float value = radii[static_cast<std::size_t>(k)];
    for (int step = -reach; step <= reach; ++step) {
      value = pick(value, radii[static_cast<std::size_t>((k + step + kAngles) % kAngles)]);
    }
    out[static_cast<std::size_t>(k)] = value;
  }
  return out;
}

Radii averaged(const Radii& radii, int reach) {
  Radii out;
  for (int k = 0; k < kAngles; ++k) {
    float sum = 0.0f;
    for (int step = -reach; step <= reach; ++step) {
      sum += radii[static_cast<std::size_t>((k + step + kAngles) % kAngles)];
    }
    out[static_cast<std::size_t>(k)] = sum / static_cast<float>(2 * reach + 1);
  }
  return out;
}

// Bridges sulci, cuts off what sticks out (veins, nerves), and smooths.
Radii smoothed(Radii radii) {
  constexpr int kBridge = 15, kSpike = 12, kSmooth = 7;
  const auto larger = [](float a, float b) { return std::max(a, b); };
  const auto smaller = [](float a, float b) { return std::min(a, b); };
  radii = windowed(windowed(radii, kBridge, larger), kBridge, smaller);
  radii = windowed(windowed(radii, kSpike, smaller), kSpike, larger);
  return averaged(averaged(radii, kSmooth), kSmooth);
}

// The outermost pixel of the mask in every direction.
Radii outermost(const std::vector<std::uint8_t>& mask, const Raster& slice, float column, float row) {
  Radii radii{};
  const float longest = std::hypot(static_cast<float>(slice.columns), static_cast<float>(slice.rows));
  for (int k = 0; k < kAngles; ++k) {
    const float dx = std::cos(angle_of(k)), dy = std::sin(angle_of(k));
    for (float radius = 0.0f; radius < longest; radius += 0.5f) {
      const auto x = static_cast<int>(std::lround(column + radius * dx));
      const auto y = static_cast<int>(std::lround(row + radius * dy));
      if (x < 0 || y < 0 || x >= slice.columns || y >= slice.rows) break;
      const std::size_t at =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(slice.columns) + static_cast<std::size_t>(x);
      if (mask[at] != 0) radii[static_cast<std::size_t>(k)] = radius;
    }
  }
  return radii;
}

std::optional<BrainOutline> outline_at(const Raster& slice, float threshold, float erosion) {
  constexpr std::int64_t kSmallestCore = 500;
  std::vector<std::uint8_t> dark(slice.values.size());
  for (std::size_t k = 0; k < dark.size(); ++k) dark[k] = slice.values[k] > threshold ? 0 : 1;
  const std::vector<float> to_dark = distance_to(dark, slice.columns, slice.rows);
  std::vector<std::uint8_t> core(dark.size());
  for (std::size_t k = 0; k < core.size(); ++k) core[k] = to_dark[k] > erosion ? 1 : 0;
  keep_largest_region(core, slice.columns, slice.rows);
  if (std::count(core.begin(), core.end(), 1) < kSmallestCore) return std::nullopt;

  const std::vector<float> to_core = distance_to(core, slice.columns, slice.rows);
  std::vector<std::uint8_t> grown(core.size());
  for (std::size_t k = 0; k < grown.size(); ++k) grown[k] = dark[k] == 0 && to_core[k] <= erosion + 1.0f ? 1 : 0;
  fill_holes(core, slice.columns, slice.rows);
  double x = 0.0, y = 0.0, count = 0.0;
  for (int row = 0; row < slice.rows; ++row) {
    for (int column = 0; column < slice.columns; ++column) {
      if (core[static_cast<std::size_t>(row) * static_cast<std::size_t>(slice.columns) +
               static_cast<std::size_t>(column)] == 0)
        continue;
      x += column;
      y += row;
      ++count;
    }
  }
  BrainOutline outline{static_cast<float>(x / count), static_cast<float>(y / count), {}, threshold};
  outline.radii = smoothed(outermost(grown, slice, outline.column, outline.row));
  return outline;
}

// How an outline lies in a head, as shares of the directions.
struct Surroundings {
  double near_air = 0.0;  // so near to the head's edge that no skull fits between
  double skull = 0.0;     // with something dark between the outline and the head's edge
};

Surroundings surroundings_of(const BrainOutline& outline, const Raster& slice, const std::vector<std::uint8_t>& head,
                             float dark) {
  constexpr float kLeastSkull = 4.5f, kEdge = 1.5f;
  const Radii edge = outermost(head, slice, outline.column, outline.row);
  Surroundings found;
  for (int k = 0; k < kAngles; ++k) {
    const float start = outline.radii[static_cast<std::size_t>(k)], end = edge[static_cast<std::size_t>(k)];
    if (end - start < kLeastSkull) found.near_air += 1.0 / kAngles;
    const float column = outline.column - slice.origin_column(), row = outline.row - slice.origin_row();
    float darkest = dark;
    for (float radius = start; radius < end - kEdge; radius += 0.5f) {
      darkest = std::min(darkest,
                         slice.sample({column + radius * std::cos(angle_of(k)), row + radius * std::sin(angle_of(k))}));
    }
    if (darkest < dark) found.skull += 1.0 / kAngles;
  }
  return found;
}

// Share of the picture's border that a mask takes.
double share_of_border(const std::vector<std::uint8_t>& mask, const Raster& slice) {
  double set = 0.0, all = 0.0;
  for (int row = 0; row < slice.rows; ++row) {
    for (int column = 0; column < slice.columns; ++column) {
      if (row > 0 && row + 1 < slice.rows && column > 0 && column + 1 < slice.columns) continue;
      set += mask[static_cast<std::size_t>(row) * static_cast<std::size_t>(slice.columns) +
                  static_cast<std::size_t>(column)];
      ++all;
    }
  }
  return set / all;
}

}  // namespace

double BrainOutline::area() const {
  double sum = 0.0;
  for (const float radius : radii) sum += static_cast<double>(radius) * radius;
  return std::numbers::pi * sum / kAngles;
}

BrainOutline::Axis BrainOutline::longest_axis() const {
  // Second moments of the area, integrated over the radius: r^4/4.
  double xx = 0.0, xy = 0.0, yy = 0.0;
  for (int k = 0; k < kAngles; ++k) {
    const double weight = std::pow(static_cast<double>(radii[static_cast<std::size_t>(k)]), 4);
    const double c = std::cos(angle_of(k)), s = std::sin(angle_of(k));
    xx += weight * c * c;
    xy += weight * c * s;
    yy += weight * s * s;
  }
  const double spread = std::hypot(0.5 * (xx - yy), xy);
  const double mean = 0.5 * (xx + yy);
  return {static_cast<float>(0.5 * std::atan2(-2.0 * xy, yy - xx)),
          static_cast<float>(std::sqrt((mean + spread) / std::max(mean - spread, 1e-9)))};
}

std::optional<BrainOutline> find_brain(const Raster& slice) {
  // An outline that comes near to the air has leaked into the scalp. Where no outline does without, the slice has been
  // stripped of the skull, or is taken for it.
  constexpr double kLeak = 0.02, kSkull = 0.2, kLeastOfHead = 0.4;
  OtsuSplit split = otsu_split(slice.values);
  // Air is dark: what is bright all round is no head on T1.
  constexpr double kMostOfBorder = 0.6;
  if (share_of_border(split.mask, slice) > kMostOfBorder) return std::nullopt;
  fill_holes(split.mask, slice.columns, slice.rows);
  keep_largest_region(split.mask, slice.columns, slice.rows);
  Raster soft = slice;
  blur(soft, 0.2f);
  const auto head_pixels = static_cast<double>(std::count(split.mask.begin(), split.mask.end(), 1));
  std::optional<BrainOutline> first, best;
  double least_near_air = 0.5;
  for (const float factor : {1.0f, 1.2f, 1.44f, 1.73f}) {
    for (const float erosion : {3.5f, 5.0f}) {
      const auto found = outline_at(soft, split.threshold * factor, erosion);
      if (!found || found->area() < kLeastOfHead * head_pixels) continue;
      if (!first) first = found;
      const auto around = surroundings_of(*found, soft, split.mask, split.threshold);
      if (around.skull < kSkull || around.near_air >= least_near_air) continue;
      if (around.near_air < kLeak) return found;
      best = found;
      least_near_air = around.near_air;
    }
  }
  return best ? best : first;
}

}  // namespace ra

#include "ra/data/synthetic_cortex.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace ra {
namespace {

constexpr float kStep = 3.0f;
constexpr float kPi = std::numbers::pi_v<float>;

struct Sulcus {
  HeadPoint start;
  float heading = 0.0f;    // radians, 0 to the right of the picture, clockwise as seen
  float length = 12.0f;    // mm
  float mouth = 0.6f;      // half-width of the fluid at the start
  float bottom = -0.5f;    // and at the end; below zero no fluid shows, only the cortex of its walls
  float curl = 0.0f;       // turn per step in radians
  float clearance = 5.2f;  // distance kept from other sulci
  float fork_chance = 0.0f;
};

class SulcusGrower {
 public:
  SulcusGrower(const HeadTraits& traits, const HeadOutline& outline, Raster& field, CounterRandom& random)
      : traits_(traits), outline_(outline), field_(field), random_(random) {}

  void grow(const Sulcus& sulcus) {
    const std::vector<HeadPoint> path = trace(sulcus);
    stamp(path, sulcus);
    if (path.size() < 3 || !random_.chance(sulcus.fork_chance)) return;
    const std::size_t at = path.size() / 2 + random_.below(static_cast<std::uint32_t>(path.size() - path.size() / 2));
    const float side = random_.chance(0.5) ? 1.0f : -1.0f;
    Sulcus fork = sulcus;
    fork.start = path[at];
    fork.heading = std::atan2(path[at].y - path[at - 1].y, path[at].x - path[at - 1].x) + side * between(0.8, 1.4);
    fork.length = between(5.0, 10.0);
    fork.mouth = 0.5f * (sulcus.mouth + sulcus.bottom);
    fork.fork_chance = 0.0f;
    stamp(trace(fork), fork);
  }

  float between(double low, double high) { return static_cast<float>(random_.uniform(low, high)); }

 private:
  // The way from the start until its length is used up, another sulcus is near, or the deep white matter begins.
  std::vector<HeadPoint> trace(const Sulcus& sulcus) {
    std::vector<HeadPoint> path{sulcus.start};
    float heading = sulcus.heading;
    float curl = sulcus.curl;
    for (float gone = 0.0f; gone < sulcus.length; gone += kStep) {
      curl += between(-0.10, 0.10);
      heading += std::clamp(curl, -0.30f, 0.30f);
      const HeadPoint last = path.back();
      const HeadPoint next{last.x + kStep * std::cos(heading), last.y + kStep * std::sin(heading)};
      // The first steps run beside the line that the sulcus starts from.
      const bool crowded = gone > sulcus.clearance && field_.sample(next) < sulcus.clearance;
      if (crowded || in_deep_white_matter(next) || (gone > 6.0f && outline_.depth(next) < 5.0f)) break;
      path.push_back(next);
    }
    return path;
  }

  bool in_deep_white_matter(HeadPoint point) const {
    const float x = point.x / 37.0f;
    const float y = (point.y - 2.0f) / 46.0f;
    return x * x + y * y < 1.0f && std::fabs(point.y) < 40.0f;
  }

  void stamp(const std::vector<HeadPoint>& path, const Sulcus& sulcus) {
    const float steps = static_cast<float>(std::max<std::size_t>(path.size() - 1, 1));
    for (std::size_t i = 1; i < path.size(); ++i) {
      const float before = mix(sulcus.mouth, sulcus.bottom, static_cast<float>(i - 1) / steps);
      const float after = mix(sulcus.mouth, sulcus.bottom, static_cast<float>(i) / steps);
      stamp_segment(field_, path[i - 1], path[i], before, after, kSulcusReach);
    }
  }

  const HeadTraits& traits_;
  const HeadOutline& outline_;
  Raster& field_;
  CounterRandom& random_;
};

// A line from the outer surface to the corpus callosum in front, and from behind it to the outer surface.
void grow_fissure(SulcusGrower& grower, const HeadTraits& traits, const HeadOutline& outline, Raster& field) {
  const float width = traits.sulcus_half_width;
  const std::array<float, 2> inner{-33.0f + grower.between(-2, 2), 35.0f + grower.between(-2, 2)};
  const std::array<float, 2> quarter{0.75f, 0.25f};
  for (int half = 0; half < 2; ++half) {
    HeadPoint last = outline.surface(quarter[half] * HeadOutline::kAngles);
    last.x = 0.0f;
    const float stretch = inner[half] - last.y;
    constexpr int kPieces = 7;
    for (int piece = 1; piece <= kPieces; ++piece) {
      const float share = static_cast<float>(piece) / kPieces;
      const HeadPoint next{grower.between(-0.8, 0.8), inner[half] - stretch * (1.0f - share)};
      stamp_segment(field, last, next, width + 0.3f * (1.0f - share), width * 0.8f, kSulcusReach);
      last = next;
    }
  }
}

// Where sulci leave the fissure: y in mm, length in mm, and how far they turn towards the back (radians).
struct MedialSulcus {
  float y;
  float length;
  float turn;
};
constexpr std::array<MedialSulcus, 10> kMedialSulci{{{-76.0f, 6.0f, 0.1f},
                                                     {-65.0f, 8.0f, 0.2f},
                                                     {-52.0f, 14.0f, 0.05f},
                                                     {-36.0f, 6.0f, 0.5f},
                                                     {36.0f, 7.0f, -0.35f},
                                                     {45.0f, 17.0f, 0.45f},
                                                     {54.0f, 8.0f, 0.3f},
                                                     {62.0f, 16.0f, 0.35f},
                                                     {71.0f, 8.0f, 0.2f},
                                                     {79.0f, 6.0f, 0.1f}}};

void grow_medial_sulci(SulcusGrower& grower, const HeadTraits& traits) {
  for (const MedialSulcus& place : kMedialSulci) {
    for (const float side : {-1.0f, 1.0f}) {
      Sulcus sulcus;
      sulcus.start = {0.0f, place.y + grower.between(-3.0, 3.0)};
      const float turn = place.turn + grower.between(-0.3, 0.3);
      sulcus.heading = side > 0 ? turn : kPi - turn;
      sulcus.length = place.length * grower.between(0.75, 1.3);
      sulcus.mouth = traits.sulcus_half_width - 0.15f;
      sulcus.bottom = -0.9f;
      sulcus.clearance = 4.5f;
      sulcus.fork_chance = place.y > 0 ? 0.7f : 0.4f;
      grower.grow(sulcus);
    }
  }
}

// The Sylvian fissure and, beneath it, the cortex of the insula, which shrinks as the slice rises.
void grow_insula(SulcusGrower& grower, const HeadTraits& traits, const HeadOutline& outline, Raster& field) {
  const float width = traits.sulcus_half_width + 0.15f;
  const float span = mix(19.0f, 7.0f, traits.level);
  for (const float side : {-1.0f, 1.0f}) {
    const float x = side * (41.0f + grower.between(-1.5, 1.5));
    const float y = 4.0f + grower.between(-4.0, 4.0);
    const HeadPoint knee{x + side * 2.0f, y};
    const HeadPoint mouth = outline.surface(polar_turns({side * 70.0f, y + 4.0f + grower.between(-3.0, 3.0)}));
    HeadPoint last = mouth;
    for (const float share : {0.33f, 0.66f, 1.0f}) {
      const float wander = share < 1.0f ? grower.between(-3.5, 3.5) : 0.0f;
      const HeadPoint next{mix(mouth.x, knee.x, share), mix(mouth.y, knee.y, share) + wander};
      stamp_segment(field, last, next, width + 0.4f - 0.6f * share, width + 0.2f - 0.6f * share, kSulcusReach);
      last = next;
    }
    const HeadPoint front{x - side * 2.0f + side * 3.0f * traits.level, y - span * grower.between(0.9, 1.15)};
    const HeadPoint back{x + side * 1.0f, y + 0.5f * span * grower.between(0.8, 1.2)};
    stamp_segment(field, knee, front, width - 0.4f, width - 1.2f, kSulcusReach);
    stamp_segment(field, knee, back, width - 0.4f, width - 1.2f, kSulcusReach);
  }
}

// Depths in mm of the sulci of one convexity from the frontal to the occipital pole: the same plan in everyone.
constexpr std::array<float, 24> kConvexitySulci{12, 18, 10, 21, 12, 22, 11, 25, 12, 20, 24, 11,
                                                20, 25, 12, 22, 13, 20, 11, 18, 12, 15, 12, 10};

void grow_convexity(SulcusGrower& grower, const HeadTraits& traits, const HeadOutline& outline) {
  constexpr float kFirst = 0.035f;  // of the half outline, from the fissure in front to the fissure behind
  constexpr float kLast = 0.965f;
  const float spacing = (kLast - kFirst) / (kConvexitySulci.size() - 1);
  for (std::size_t i = 0; i < kConvexitySulci.size(); ++i) {
    const float shared = grower.between(-0.25, 0.25);
    for (const float side : {-1.0f, 1.0f}) {
      const float along = kFirst + spacing * (static_cast<float>(i) + shared + grower.between(-0.25, 0.25));
      const float turns = (0.75f + side * 0.5f * along) * HeadOutline::kAngles;
      Sulcus sulcus;
      sulcus.start = outline.surface(turns);
      const HeadPoint aim{sulcus.start.x * 0.12f, sulcus.start.y * 0.30f};
      sulcus.heading = std::atan2(aim.y - sulcus.start.y, aim.x - sulcus.start.x) + grower.between(-0.35, 0.35);
      sulcus.length = kConvexitySulci[i] * grower.between(0.75, 1.3) + 3.0f;
      sulcus.mouth = traits.sulcus_half_width + grower.between(-0.3, 0.5);
      sulcus.bottom = grower.between(-1.5, -0.2);
      sulcus.curl = grower.between(-0.12, 0.12);
      sulcus.fork_chance = 0.5f;
      grower.grow(sulcus);
    }
  }
}

// Sulci that cross the slice from above or below: gray islands in the white matter under the convexity.
void add_islands(SulcusGrower& grower, const HeadOutline& outline, Raster& field) {
  for (int i = 0; i < 10; ++i) {
    const float turns = grower.between(0.0, HeadOutline::kAngles);
    const HeadPoint rim = outline.surface(turns);
    const float share = 1.0f - grower.between(14.0, 24.0) / std::hypot(rim.x, rim.y);
    const HeadPoint start{rim.x * share, rim.y * share};
    if (std::fabs(start.x) < 12.0f || field.sample(start) < 7.5f) continue;
    const float heading = grower.between(0.0, 2.0 * kPi);
    const HeadPoint end{start.x + 5.0f * std::cos(heading), start.y + 5.0f * std::sin(heading)};
    stamp_segment(field, start, end, grower.between(-1.0, 0.2), -1.0f, kSulcusReach);
  }
}

}  // namespace

void stamp_segment(Raster& field, HeadPoint start, HeadPoint end, float half_width_start, float half_width_end,
                   float reach) {
  const float margin = reach + std::max(half_width_start, half_width_end);
  const auto column_of = [&](float x) { return static_cast<int>(std::floor(x + field.origin_column())); };
  const auto row_of = [&](float y) { return static_cast<int>(std::floor(y + field.origin_row())); };
  const int first_column = std::max(column_of(std::min(start.x, end.x) - margin), 0);
  const int last_column = std::min(column_of(std::max(start.x, end.x) + margin) + 1, field.columns - 1);
  const int first_row = std::max(row_of(std::min(start.y, end.y) - margin), 0);
  const int last_row = std::min(row_of(std::max(start.y, end.y) + margin) + 1, field.rows - 1);
  const float dx = end.x - start.x;
  const float dy = end.y - start.y;
  const float inverse = 1.0f / std::max(dx * dx + dy * dy, 1e-6f);
  for (int row = first_row; row <= last_row; ++row) {
    for (int column = first_column; column <= last_column; ++column) {
      const HeadPoint point = field.point(column, row);
      const float px = point.x - start.x;
      const float py = point.y - start.y;
      const float along = std::clamp((px * dx + py * dy) * inverse, 0.0f, 1.0f);
      const float ex = px - along * dx;
      const float ey = py - along * dy;
      const float distance = std::sqrt(ex * ex + ey * ey) - mix(half_width_start, half_width_end, along);
      float& value = field.at(column, row);
      value = std::min(value, distance);
    }
  }
}

Raster grow_sulci(const HeadTraits& traits, const HeadOutline& outline, int columns, int rows, CounterRandom& random) {
  Raster field(columns, rows, kSulcusReach);
  SulcusGrower grower(traits, outline, field, random);
  grow_fissure(grower, traits, outline, field);
  grow_insula(grower, traits, outline, field);
  grow_medial_sulci(grower, traits);
  grow_convexity(grower, traits, outline);
  add_islands(grower, outline, field);
  return field;
}

}  // namespace ra

#include "ra/data/synthetic_head.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ra/data/synthetic_cortex.h"

namespace ra {
namespace {

constexpr int kHeadColumns = 200;
constexpr int kHeadRows = 236;
constexpr float kTwoPi = 2.0f * std::numbers::pi_v<float>;

using Tissue = TissueBrightness;

float between(CounterRandom& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

// A smooth periodic function of the angle: random waves of 2 to `last` periods, each of about `amplitude`/k.
class AngularWaves {
 public:
  AngularWaves(float amplitude, int last, CounterRandom& random) {
    for (int k = 2; k <= last; ++k) {
      waves_.push_back({static_cast<float>(k), amplitude / static_cast<float>(k) * between(random, -1.0, 1.0),
                        between(random, 0.0, kTwoPi)});
    }
  }

  float at(float angle) const {
    float sum = 0.0f;
    for (const Wave& wave : waves_) sum += wave.amplitude * std::cos(wave.periods * angle + wave.phase);
    return sum;
  }

 private:
  struct Wave {
    float periods;
    float amplitude;
    float phase;
  };
  std::vector<Wave> waves_;
};

// A soft-edged ellipse for nuclei: its middle, half-axes in mm and the tilt of the second axis.
struct Ellipse {
  HeadPoint centre;
  float half_x;
  float half_y;
  float tilt;  // radians, positive turns the lower end outwards on the right side
};

// Mixes `brightness` into the picture inside the ellipse, `opacity` at most, over an edge of about 2 mm.
void paint_ellipse(Raster& picture, const Ellipse& ellipse, float brightness, float opacity) {
  const float reach = std::max(ellipse.half_x, ellipse.half_y) + 2.0f;
  const float cosine = std::cos(ellipse.tilt);
  const float sine = std::sin(ellipse.tilt);
  const float edge = 1.0f / std::min(ellipse.half_x, ellipse.half_y);
  const int first_row = static_cast<int>(ellipse.centre.y - reach + picture.origin_row());
  const int first_column = static_cast<int>(ellipse.centre.x - reach + picture.origin_column());
  const int size = static_cast<int>(2.0f * reach) + 2;
  for (int row = first_row; row < first_row + size; ++row) {
    for (int column = first_column; column < first_column + size; ++column) {
      const HeadPoint point = picture.point(column, row);
      const float dx = point.x - ellipse.centre.x;
      const float dy = point.y - ellipse.centre.y;
      const float u = (dx * cosine - dy * sine) / ellipse.half_x;
      const float v = (dx * sine + dy * cosine) / ellipse.half_y;
      const float inside = smooth_step(-edge, edge, 1.0f - std::sqrt(u * u + v * v));
      float& value = picture.at(column, row);
      value = mix(value, brightness, opacity * inside);
    }
  }
}

// Point of a Catmull-Rom curve through `knots`, t in [0, knots - 1].
template <class Knots>
float curve(const Knots& knots, float t) {
  const int last = static_cast<int>(knots.size()) - 1;
  const int i = std::clamp(static_cast<int>(t), 0, last - 1);
  const float f = t - static_cast<float>(i);
  const float a = knots[std::max(i - 1, 0)];
  const float b = knots[i];
  const float c = knots[i + 1];
  const float d = knots[std::min(i + 2, last)];
  return b + 0.5f * f * (c - a + f * (2.0f * a - 5.0f * b + 4.0f * c - d + f * (3.0f * (b - c) + d - a)));
}

// From the frontal horn's tip past the body to the occipital horn; at low levels the thalamus closes the body.
VentriclePath lateral_ventricle(const HeadTraits& traits, float side, CounterRandom& random) {
  constexpr std::array<float, 6> kX{14.5f, 10.5f, 10.0f, 12.5f, 18.0f, 23.5f};
  constexpr std::array<float, 6> kY{-31.0f, -20.0f, -7.0f, 8.0f, 22.0f, 33.0f};
  const float body = mix(0.8f, 3.0f, traits.level);
  const std::array<float, 6> width{0.6f, 3.2f, mix(2.4f, 3.0f, traits.level), body, 3.2f, 2.2f};
  const float factor = traits.ventricle_size * (1.0f + side * traits.asymmetry);
  const float stretch = 1.0f + 0.10f * (factor - 1.0f) + between(random, -0.06, 0.06);
  const float spread = between(random, -1.0, 1.0);
  VentriclePath path;
  constexpr int kPieces = 12;
  for (int i = 0; i <= kPieces; ++i) {
    const float t = 5.0f * static_cast<float>(i) / kPieces;
    const float half_width = std::max(curve(width, t), 0.3f) * factor;
    const float x = std::max(curve(kX, t) + spread, half_width + 1.3f);
    path.points.push_back({side * x, curve(kY, t) * stretch + 1.0f});
    path.half_widths.push_back(half_width);
  }
  return path;
}

void paint_nuclei(Raster& picture, const HeadTraits& traits, const std::array<VentriclePath, 2>& ventricles,
                  CounterRandom& random) {
  const float presence = mix(1.0f, 0.45f, traits.level);
  const float size = mix(1.08f, 0.78f, traits.level) * between(random, 0.93, 1.07);
  for (int index = 0; index < 2; ++index) {
    const float side = index == 0 ? -1.0f : 1.0f;
    const float outwards = 0.5f * (traits.ventricle_size - 1.0f);
    const auto placed = [&](float x, float y) {
      return HeadPoint{side * (x + outwards + between(random, -0.7, 0.7)), y + between(random, -1.0, 1.0)};
    };
    paint_ellipse(picture, {placed(29.0f, -4.0f), 5.4f * size, 16.0f * size, side * 0.22f}, Tissue::kPutamen, presence);
    paint_ellipse(picture, {placed(22.0f, 0.0f), 3.6f * size, 9.0f * size, side * 0.38f}, Tissue::kPallidum,
                  presence * 0.9f);
    paint_ellipse(picture, {placed(12.0f, 11.0f), 9.0f * size, 13.5f * size, side * 0.45f}, Tissue::kThalamus,
                  presence);
    // The caudate nucleus lies along the outer wall of the frontal horn and the body, and tapers backwards.
    const VentriclePath& path = ventricles[index];
    for (std::size_t i = 1; i + 3 < path.points.size(); ++i) {
      const float share = static_cast<float>(i) / static_cast<float>(path.points.size() - 4);
      const float radius = mix(5.0f, 2.0f, share) * size;
      const HeadPoint middle{path.points[i].x + side * (path.half_widths[i] + radius * 0.75f), path.points[i].y + 1.0f};
      paint_ellipse(picture, {middle, radius, radius * 1.3f, 0.0f}, Tissue::kCaudate, mix(0.75f, 0.5f, share));
    }
  }
}

void paint_fluid(Raster& picture, const Raster& ventricle_distance) {
  for (std::size_t i = 0; i < picture.values.size(); ++i) {
    const float distance = ventricle_distance.values[i];
    if (distance < 1.0f) picture.values[i] = mix(Tissue::kCsf, picture.values[i], smooth_step(-0.7f, 0.8f, distance));
  }
}

// Radius and angle of every pixel of the head's frame: the same in every head.
struct PolarGrid {
  Raster radius{kHeadColumns, kHeadRows};
  Raster turns{kHeadColumns, kHeadRows};

  PolarGrid() {
    for (int row = 0; row < kHeadRows; ++row) {
      for (int column = 0; column < kHeadColumns; ++column) {
        const HeadPoint point = radius.point(column, row);
        radius.at(column, row) = std::hypot(point.x, point.y);
        turns.at(column, row) = polar_turns(point);
      }
    }
  }
};

Raster distance_from_ventricles(const HeadTraits& traits, const std::array<VentriclePath, 2>& ventricles, int columns,
                                int rows) {
  Raster field(columns, rows, Head::kVentricleReach);
  for (const VentriclePath& path : ventricles) {
    for (std::size_t i = 1; i < path.points.size(); ++i) {
      stamp_segment(field, path.points[i - 1], path.points[i], path.half_widths[i - 1], path.half_widths[i],
                    Head::kVentricleReach);
    }
  }
  // The third ventricle, a slit between the thalami; it ends below the higher slices.
  const float slit = mix(1.1f, -0.8f, traits.level) * (0.5f + traits.age);
  stamp_segment(field, {0.0f, 2.0f}, {0.0f, 10.0f}, slit - 0.8f, slit, Head::kVentricleReach);
  stamp_segment(field, {0.0f, 10.0f}, {0.0f, 17.0f}, slit, slit - 0.6f, Head::kVentricleReach);
  return field;
}

// Choroid plexus: a gray strand on the floor of the ventricle's back part.
void paint_choroid(Raster& picture, const std::array<VentriclePath, 2>& ventricles, CounterRandom& random) {
  for (const VentriclePath& path : ventricles) {
    const float opacity = between(random, 0.0, 0.7);
    for (std::size_t i = 8; i < 11; ++i) {
      if (path.half_widths[i] < 2.0f) continue;
      const HeadPoint middle{path.points[i].x + between(random, -0.8, 0.8), path.points[i].y};
      paint_ellipse(picture, {middle, path.half_widths[i] * 0.5f, 2.5f, 0.0f}, 135.0f, opacity);
    }
  }
}

// Brightness `outside` mm above the brain's surface: fluid, dura, skull with its marrow, fat, skin, air.
float brightness_above_brain(const HeadOutline::Layers& layers, float outside, float fat, float speckle) {
  const float skull_start = layers.csf;
  const float scalp_start = skull_start + layers.skull;
  const float end = scalp_start + layers.scalp;
  if (outside > end + 2.0f) return 0.0f;
  constexpr float kBone = 18.0f;
  float value = mix(Tissue::kCsf, 105.0f, smooth_step(skull_start - 1.2f, skull_start, outside));
  value = mix(value, kBone, smooth_step(skull_start, skull_start + 1.0f, outside));
  const float middle = std::fabs(outside - (skull_start + 0.5f * layers.skull)) / (0.5f * layers.skull);
  if (middle < 1.0f)
    value += (layers.marrow * (1.0f + 0.5f * speckle) - kBone) * (1.0f - smooth_step(0.2f, 0.85f, middle));
  const float through = (outside - scalp_start) / layers.scalp;
  float scalp = mix(140.0f, fat, smooth_step(0.05f, 0.55f, through));
  scalp = mix(scalp, 140.0f, smooth_step(0.68f, 0.95f, through)) * (1.0f + 0.22f * speckle);
  value = mix(std::max(value, 0.0f), scalp, smooth_step(scalp_start - 0.7f, scalp_start + 0.7f, outside));
  return value * (1.0f - smooth_step(end - 0.8f, end + 0.8f, outside));
}

// White matter, cortex and fluid by the distance from the fluid that bathes the cortex. The noises (in [-1, 1]) make
// the ribbon thicker here and thinner there, and break the fluid's lines.
float brightness_of_brain(const HeadTraits& traits, float distance, float speckle, float unevenness) {
  const float cortex = Tissue::kCortex + 5.0f * speckle;
  const float fluid_edge = 0.45f * unevenness + 0.35f * speckle;
  // The outer cortex is darker: at this resolution fluid and pia share its pixels.
  const float shaded = cortex * mix(0.84f, 1.02f, smooth_step(0.3f, 3.2f, distance));
  const float value = mix(Tissue::kCsf, shaded, smooth_step(fluid_edge - 1.0f, fluid_edge + 1.2f, distance));
  const float edge = traits.cortex_thickness * (1.0f + 0.30f * unevenness);
  return mix(value, Tissue::kWhiteMatter + 3.0f * speckle, smooth_step(edge - 1.1f, edge + 1.4f, distance));
}

void paint_tissues(Head& head, const Raster& sulci, CounterRandom& random) {
  constexpr float kBend = 1.9f;  // mm by which the sulci's lines are bent
  static const PolarGrid polar;
  const Raster speckle = smooth_noise(kHeadColumns, kHeadRows, 3.5f, random);
  const Raster unevenness = smooth_noise(kHeadColumns, kHeadRows, 7.0f, random);
  const Raster bend_x = smooth_noise(kHeadColumns, kHeadRows, 9.0f, random);
  const Raster bend_y = smooth_noise(kHeadColumns, kHeadRows, 9.0f, random);
  for (int row = 0; row < head.brightness.rows; ++row) {
    for (int column = 0; column < head.brightness.columns; ++column) {
      const HeadOutline::Layers layers = head.outline.at(polar.turns.at(column, row));
      const float depth = (layers.brain - polar.radius.at(column, row)) * layers.slant;
      head.depth.at(column, row) = depth;
      const float grain = speckle.at(column, row);
      const float inside = smooth_step(-0.8f, 0.8f, depth);
      float value = 0.0f;
      if (inside < 1.0f) value = brightness_above_brain(layers, -depth, head.traits.fat, grain);
      if (inside > 0.0f) {
        const HeadPoint point = head.brightness.point(column, row);
        const HeadPoint bent{point.x + kBend * bend_x.at(column, row), point.y + kBend * bend_y.at(column, row)};
        const float distance = std::min(depth, sulci.sample(bent));
        value = mix(value, brightness_of_brain(head.traits, distance, grain, unevenness.at(column, row)), inside);
      }
      head.brightness.at(column, row) = value;
    }
  }
}

// Veins cut across in the fat, and the sagittal sinus behind the fissure.
void paint_vessels(Head& head, CounterRandom& random) {
  for (int i = 0; i < 8; ++i) {
    const float turns = between(random, 0.0, HeadOutline::kAngles);
    const HeadOutline::Layers layers = head.outline.at(turns);
    const float out = layers.csf + layers.skull + layers.scalp * between(random, 0.35, 0.7);
    const float angle = turns * kTwoPi / HeadOutline::kAngles;
    const float radius = layers.brain + out / layers.slant;
    const HeadPoint centre{radius * std::cos(angle), radius * std::sin(angle)};
    paint_ellipse(head.brightness, {centre, 0.9f, between(random, 0.9, 2.0), angle}, 70.0f, 0.8f);
  }
  const HeadPoint back = head.outline.surface(0.25f * HeadOutline::kAngles);
  paint_ellipse(head.brightness, {{between(random, -1.0, 1.0), back.y + 0.5f}, between(random, 3.0, 6.0), 2.2f, 0.0f},
                between(random, 70.0, 130.0), 0.8f);
}

}  // namespace

HeadTraits HeadTraits::draw(CounterRandom& random) {
  HeadTraits traits;
  traits.age = between(random, 0.0, 1.0);
  traits.level = std::clamp(0.5f + 0.16f * static_cast<float>(random.normal()), 0.1f, 0.9f);
  traits.ventricle_size =
      std::clamp(std::exp(0.25f * static_cast<float>(random.normal()) + 0.7f * (traits.age - 0.5f)), 0.55f, 2.1f);
  traits.asymmetry = 0.08f * static_cast<float>(random.normal());
  traits.cortex_thickness = 3.7f - 0.5f * traits.age + between(random, -0.25, 0.25);
  traits.sulcus_half_width = 0.15f + 0.5f * traits.age + between(random, -0.15, 0.15);
  traits.marrow = between(random, 30.0, 150.0);
  traits.fat = between(random, 235.0, 340.0);
  return traits;
}

HeadOutline::HeadOutline(const HeadTraits& traits, CounterRandom& random) {
  const float half_width = 72.5f * (1.0f + 0.014f * static_cast<float>(random.normal()));
  const float half_length = 89.5f * (1.0f + 0.011f * static_cast<float>(random.normal()));
  const float squareness = between(random, 2.02, 2.22);
  const float back_heavy = between(random, 0.02, 0.09);
  const float csf = 0.8f + 1.6f * traits.age + between(random, 0.0, 0.6);
  const float skull = between(random, 4.6, 6.6);
  const float scalp = between(random, 4.6, 7.4);
  const AngularWaves shape(1.5f, 6, random);
  const AngularWaves csf_waves(0.7f, 9, random);
  const AngularWaves skull_waves(1.2f, 9, random);
  const AngularWaves scalp_waves(1.6f, 6, random);
  const AngularWaves marrow_waves(1.2f, 12, random);
  const float frontal = between(random, 0.0, 1.2);
  for (int i = 0; i < kAngles; ++i) {
    const float angle = kTwoPi * static_cast<float>(i) / kAngles;
    const float across = std::fabs(std::cos(angle)) / (half_width * (1.0f + back_heavy * std::sin(angle)));
    const float along = std::fabs(std::sin(angle)) / half_length;
    const float inner = std::pow(std::pow(across, squareness) + std::pow(along, squareness), -1.0f / squareness);
    // Skull and fluid are thicker at the two poles than at the sides.
    const float pole = std::sin(angle) * std::sin(angle);
    Layers& layers = layers_[i];
    layers.csf = std::max(csf + frontal * pole + csf_waves.at(angle), 0.4f);
    layers.brain = inner + shape.at(angle) - layers.csf;
    layers.skull = std::max(skull * (0.85f + 0.3f * pole) + skull_waves.at(angle), 3.0f);
    layers.scalp = std::max(scalp * (1.05f - 0.15f * pole) + scalp_waves.at(angle), 3.2f);
    layers.marrow = traits.marrow * std::max(0.55f + 0.45f * pole + 0.5f * marrow_waves.at(angle), 0.1f);
  }
  set_slants();
}

HeadOutline::HeadOutline(const std::array<float, kAngles>& brain_radii) {
  for (std::size_t i = 0; i < brain_radii.size(); ++i) layers_[i].brain = std::max(brain_radii[i], 1.0f);
  set_slants();
}

void HeadOutline::set_slants() {
  for (int i = 0; i < kAngles; ++i) {
    const float before = layers_[(i + kAngles - 1) % kAngles].brain;
    const float after = layers_[(i + 1) % kAngles].brain;
    const float slope = (after - before) / (2.0f * kTwoPi / kAngles) / layers_[i].brain;
    layers_[i].slant = 1.0f / std::sqrt(1.0f + slope * slope);
  }
}

HeadOutline::Layers HeadOutline::at(float turns) const {
  const int before = static_cast<int>(turns) % kAngles;
  const Layers& a = layers_[before];
  const Layers& b = layers_[(before + 1) % kAngles];
  const float f = turns - std::floor(turns);
  return {mix(a.brain, b.brain, f), mix(a.csf, b.csf, f),       mix(a.skull, b.skull, f),
          mix(a.scalp, b.scalp, f), mix(a.marrow, b.marrow, f), mix(a.slant, b.slant, f)};
}

float HeadOutline::depth(HeadPoint point) const {
  const Layers layers = at(polar_turns(point));
  return (layers.brain - std::sqrt(point.x * point.x + point.y * point.y)) * layers.slant;
}

HeadPoint HeadOutline::surface(float turns) const {
  const float wrapped = turns < 0.0f ? turns + kAngles : std::fmod(turns, static_cast<float>(kAngles));
  const float angle = wrapped * kTwoPi / kAngles;
  const float radius = at(wrapped).brain;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

float polar_turns(HeadPoint point) {
  const float turns = std::atan2(point.y, point.x) * (HeadOutline::kAngles / kTwoPi);
  return turns < 0.0f ? turns + HeadOutline::kAngles : turns;
}

Head make_head(CounterRandom random) {
  const HeadTraits traits = HeadTraits::draw(random);
  const HeadOutline outline(traits, random);
  const std::array<VentriclePath, 2> ventricles{lateral_ventricle(traits, -1.0f, random),
                                                lateral_ventricle(traits, 1.0f, random)};
  Head head{traits,
            outline,
            ventricles,
            Raster(kHeadColumns, kHeadRows),
            Raster(kHeadColumns, kHeadRows),
            distance_from_ventricles(traits, ventricles, kHeadColumns, kHeadRows)};
  paint_tissues(head, grow_sulci(traits, outline, kHeadColumns, kHeadRows, random), random);
  paint_nuclei(head.brightness, traits, ventricles, random);
  paint_fluid(head.brightness, head.ventricle_distance);
  paint_choroid(head.brightness, ventricles, random);
  paint_vessels(head, random);
  return head;
}

}  // namespace ra

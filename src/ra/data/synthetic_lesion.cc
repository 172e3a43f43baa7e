#include "ra/data/synthetic_lesion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ra/base/error.h"
#include "ra/base/nearest_name.h"

namespace ra {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

float between(CounterRandom& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

float distance(HeadPoint a, HeadPoint b) { return std::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)); }

// Where tissue that is now `radius` mm from the centre of a push came from: pushed by `push` at the centre, by
// nothing at `reach`, without folding.
float radius_before_push(float radius, float push, float reach) {
  const float left = 1.0f - radius / reach;
  return std::max(radius - push * left * left, 0.1f * radius);
}

HeadPoint nearest_on_segment(HeadPoint point, HeadPoint start, HeadPoint end) {
  const float dx = end.x - start.x;
  const float dy = end.y - start.y;
  const float along = ((point.x - start.x) * dx + (point.y - start.y) * dy) / std::max(dx * dx + dy * dy, 1e-6f);
  const float share = std::clamp(along, 0.0f, 1.0f);
  return {start.x + share * dx, start.y + share * dy};
}

}  // namespace

std::string_view to_string(LesionKind kind) {
  switch (kind) {
    case LesionKind::kMass:
      return "mass";
    case LesionKind::kWhiteMatterLesions:
      return "white_matter_lesions";
    case LesionKind::kResectionCavity:
      return "resection_cavity";
    case LesionKind::kEnlargedVentricles:
      return "enlarged_ventricles";
    case LesionKind::kMidlineShift:
      return "midline_shift";
    case LesionKind::kHaemorrhage:
      return "haemorrhage";
  }
  return "unknown";
}

LesionKind lesion_kind_from_string(const std::string& name) {
  std::vector<std::string> names;
  for (const LesionKind kind : kLesionKinds) {
    if (name == to_string(kind)) return kind;
    names.emplace_back(to_string(kind));
  }
  throw Error(ErrorCode::kUsage, fmt::format("unknown kind of lesion '{}'{}; the kinds are {}", name,
                                             did_you_mean(name, names), fmt::join(names, ", ")));
}

bool Lesion::fits(LesionKind kind, const Head& head) {
  const bool needs_ventricles = kind == LesionKind::kEnlargedVentricles || kind == LesionKind::kWhiteMatterLesions;
  return !needs_ventricles || (!head.ventricles[0].points.empty() && !head.ventricles[1].points.empty());
}

float Lesion::Blob::share_at(HeadPoint point) const {
  const float dx = point.x - centre.x;
  const float dy = point.y - centre.y;
  const float limit = radius * 1.6f * std::max(stretch, 1.0f) + edge;
  if (dx * dx + dy * dy > limit * limit) return 0.0f;
  const float u = (dx * std::cos(tilt) + dy * std::sin(tilt)) / stretch;
  const float v = dy * std::cos(tilt) - dx * std::sin(tilt);
  const float angle = std::atan2(v, u);
  float rim = 1.0f;
  for (std::size_t k = 0; k < wave_amplitudes.size(); ++k) {
    rim += wave_amplitudes[k] * std::cos(static_cast<float>(k + 2) * angle + wave_phases[k]);
  }
  return smooth_step(-0.5f * edge, 0.5f * edge, radius * rim - std::hypot(u, v));
}

Lesion::Lesion(LesionKind kind, const Head& head, CounterRandom& random)
    : kind_(kind), head_(&head), texture_(smooth_noise(head.brightness.columns, head.brightness.rows, 5.0f, random)) {}

Lesion Lesion::place(LesionKind kind, const Head& head, CounterRandom random) {
  Lesion lesion(kind, head, random);
  switch (kind) {
    case LesionKind::kMass:
      lesion.place_mass(random);
      break;
    case LesionKind::kWhiteMatterLesions:
      lesion.place_white_matter_lesions(random);
      break;
    case LesionKind::kResectionCavity:
      lesion.place_resection_cavity(random);
      break;
    case LesionKind::kEnlargedVentricles:
      lesion.place_enlarged_ventricles(random);
      break;
    case LesionKind::kMidlineShift:
      lesion.place_midline_shift(random);
      break;
    case LesionKind::kHaemorrhage:
      lesion.place_haemorrhage(random);
      break;
  }
  return lesion;
}

Lesion::Blob Lesion::irregular_blob(HeadPoint centre, float radius, float wildness, CounterRandom& random) {
  Blob blob;
  blob.centre = centre;
  blob.radius = radius;
  blob.stretch = between(random, 1.0, 1.0 + wildness);
  blob.tilt = between(random, 0.0, kPi);
  for (std::size_t k = 0; k < blob.wave_amplitudes.size(); ++k) {
    blob.wave_amplitudes[k] = wildness * between(random, 0.1, 0.4) / static_cast<float>(k + 2);
    blob.wave_phases[k] = between(random, 0.0, 2.0 * kPi);
  }
  return blob;
}

// A point off the midline at that depth below the surface; the deepest tried if none of 200 tries fits.
HeadPoint Lesion::point_in_brain(float min_depth, float max_depth, CounterRandom& random) const {
  HeadPoint best;
  float best_depth = -1.0f;
  for (int i = 0; i < 200; ++i) {
    const HeadPoint point{between(random, -70.0, 70.0), between(random, -85.0, 85.0)};
    const float depth = head_->outline.depth(point);
    if (std::fabs(point.x) < 10.0f) continue;
    if (depth >= min_depth && depth <= max_depth) return point;
    if (depth > best_depth) {
      best = point;
      best_depth = depth;
    }
  }
  return best;
}

void Lesion::place_mass(CounterRandom& random) {
  const float radius = between(random, 9.0, 17.0);
  const HeadPoint centre = point_in_brain(radius + 3.0f, radius + 22.0f, random);
  Blob oedema = irregular_blob(centre, radius + between(random, 5.0, 10.0), 0.8f, random);
  oedema.edge = 7.0f;
  oedema.brightness = between(random, 155.0, 180.0);
  oedema.opacity = 0.85f;
  oedema.darken_only = true;
  blobs_.push_back(oedema);
  Blob core = irregular_blob(centre, radius, 0.5f, random);
  core.texture = 16.0f;
  if (random.chance(0.4)) {
    // An enhancing rim around a dead, dark core.
    core.brightness = between(random, 235.0, 255.0);
    blobs_.push_back(core);
    core.radius = radius - between(random, 3.0, 4.5);
    core.brightness = between(random, 80.0, 120.0);
  } else {
    core.brightness = between(random, 95.0, 140.0);
    core.edge = 2.5f;
  }
  blobs_.push_back(core);
  push_ = {Push::Kind::kFromPoint, centre, radius * between(random, 0.35, 0.6), radius * 3.0f, 0.0f};
}

void Lesion::place_white_matter_lesions(CounterRandom& random) {
  const int count = 9 + static_cast<int>(random.below(9));
  for (int tries = 0; static_cast<int>(blobs_.size()) < count && tries < 2000; ++tries) {
    const HeadPoint point{between(random, -55.0, 55.0), between(random, -65.0, 65.0)};
    const float from_ventricle = head_->ventricle_distance.sample(point);
    const bool white =
        std::fabs(point.x) > 12.0f && head_->brightness.sample(point) > TissueBrightness::kWhiteMatter - 8.0f;
    const bool alone = std::none_of(blobs_.begin(), blobs_.end(),
                                    [&](const Blob& other) { return distance(other.centre, point) < 6.0f; });
    if (!white || !alone || from_ventricle < 2.0f || from_ventricle > 19.0f) continue;
    Blob focus = irregular_blob(point, between(random, 2.6, 5.6), 0.7f, random);
    focus.edge = 2.0f;
    focus.brightness = between(random, 100.0, 140.0);
    focus.texture = 6.0f;
    focus.darken_only = true;
    blobs_.push_back(focus);
  }
}

void Lesion::place_resection_cavity(CounterRandom& random) {
  const float radius = between(random, 13.0, 20.0);
  // Off the fissure, where surgery on one hemisphere reaches the surface.
  const float turns = (random.chance(0.5) ? 0.0f : 0.5f) + between(random, -0.19, 0.19);
  const HeadPoint surface = head_->outline.surface(turns * HeadOutline::kAngles);
  const float share = 1.0f - between(random, 0.55, 0.85) * radius / std::hypot(surface.x, surface.y);
  Blob rim = irregular_blob({surface.x * share, surface.y * share}, radius + 3.0f, 0.45f, random);
  rim.edge = 5.0f;
  rim.brightness = 165.0f;
  rim.opacity = 0.7f;
  rim.darken_only = true;
  Blob cavity = rim;
  cavity.radius = radius;
  cavity.edge = 2.0f;
  cavity.brightness = TissueBrightness::kCsf + between(random, -5.0, 12.0);
  cavity.texture = 4.0f;
  cavity.opacity = 1.0f;
  cavity.darken_only = false;
  blobs_ = {rim, cavity};
}

void Lesion::place_enlarged_ventricles(CounterRandom& random) {
  push_.kind = Push::Kind::kFromVentricles;
  push_.distance = between(random, 7.0, 11.0);
  push_.reach = between(random, 28.0, 36.0);
  mask_by_change_within_ = 14.0f;
}

void Lesion::place_midline_shift(CounterRandom& random) {
  push_.kind = Push::Kind::kSideways;
  push_.distance = between(random, 8.0, 14.0);
  push_.reach = between(random, 55.0, 72.0);
  push_.centre = {0.0f, between(random, -15.0, 15.0)};
  push_.side = random.chance(0.5) ? 1.0f : -1.0f;
  collection_brightness_ = random.chance(0.6) ? between(random, 235.0, 262.0) : between(random, 95.0, 125.0);
  mask_by_change_within_ = 8.0f;
}

void Lesion::place_haemorrhage(CounterRandom& random) {
  const float radius = between(random, 9.0, 15.0);
  const HeadPoint centre = point_in_brain(radius + 6.0f, 45.0f, random);
  Blob oedema = irregular_blob(centre, radius + between(random, 5.0, 9.0), 0.6f, random);
  oedema.edge = 5.0f;
  oedema.brightness = between(random, 115.0, 145.0);
  oedema.opacity = 0.9f;
  oedema.darken_only = true;
  Blob blood = irregular_blob(centre, radius, 0.5f, random);
  blood.brightness = between(random, 262.0, 275.0);
  blood.texture = 10.0f;
  Blob margin = blood;
  margin.radius = radius + 2.5f;
  margin.brightness = 70.0f;
  margin.texture = 0.0f;
  blobs_ = {oedema, margin, blood};
  push_ = {Push::Kind::kFromPoint, centre, radius * 0.4f, radius * 3.0f, 0.0f};
}

// Away from the nearest point of the nearer ventricle's middle line. The push fades at the midline, where both
// ventricles push, and at the brain's surface.
HeadPoint Lesion::source_from_ventricles(HeadPoint point) const {
  const VentriclePath& path = head_->ventricles[point.x < 0.0f ? 0 : 1];
  HeadPoint nearest = path.points.front();
  float half_width = path.half_widths.front();
  for (std::size_t i = 1; i < path.points.size(); ++i) {
    const HeadPoint candidate = nearest_on_segment(point, path.points[i - 1], path.points[i]);
    if (distance(candidate, point) >= distance(nearest, point)) continue;
    nearest = candidate;
    half_width = path.half_widths[i];
  }
  const float radius = distance(nearest, point);
  if (radius >= push_.reach || radius < 1e-3f) return point;
  const float strength = smooth_step(0.0f, 9.0f, std::fabs(point.x)) *
                         smooth_step(2.0f, 25.0f, head_->depth.sample(point)) * smooth_step(-1.0f, 2.5f, half_width);
  const float before = radius_before_push(radius, push_.distance * strength, push_.reach);
  return {nearest.x + (point.x - nearest.x) * before / radius, nearest.y + (point.y - nearest.y) * before / radius};
}

HeadPoint Lesion::source_of(HeadPoint point) const {
  const float depth = head_->depth.sample(point);
  if (push_.kind == Push::Kind::kNone || depth <= 0.0f) return point;
  if (push_.kind == Push::Kind::kFromVentricles) return source_from_ventricles(point);
  if (push_.kind == Push::Kind::kFromPoint) {
    const float radius = distance(point, push_.centre);
    if (radius >= push_.reach || radius < 1e-3f) return point;
    const float before = radius_before_push(radius, push_.distance * smooth_step(0.0f, 14.0f, depth), push_.reach);
    const float scale = before / radius;
    return {push_.centre.x + (point.x - push_.centre.x) * scale, push_.centre.y + (point.y - push_.centre.y) * scale};
  }
  // Sideways: strongest on the pushing side up to the skull, nothing at the other side's surface.
  const float along = (point.y - push_.centre.y) / push_.reach;
  if (std::fabs(along) >= 1.0f) return point;
  const float fade = (1.0f - along * along) * (1.0f - along * along);
  const float across = smooth_step(-62.0f, 45.0f, point.x * push_.side);
  return {point.x + push_.side * push_.distance * fade * across, point.y};
}

Lesion::Effect Lesion::at(HeadPoint point) const {
  const HeadPoint source = source_of(point);
  return painted(point, source, head_->brightness.sample(source));
}

Lesion::Effect Lesion::painted(HeadPoint point, HeadPoint source, float brightness_at_source) const {
  Effect effect{brightness_at_source, 0.0f};
  const float depth = head_->depth.sample(point);
  if (depth <= 0.0f) return effect;
  if (push_.kind == Push::Kind::kFromVentricles && (source.x != point.x || source.y != point.y)) {
    // Fluid fills the room: nothing that lay in the ventricle is stretched with it.
    const float fluid = 1.0f - smooth_step(-1.2f, -0.2f, head_->ventricle_distance.sample(source));
    effect.brightness = mix(effect.brightness, TissueBrightness::kCsf, fluid);
  }
  if (push_.kind == Push::Kind::kSideways) {
    // Brain that moved away from the skull leaves a gap, which the collection fills.
    const float moved = std::fabs(source.x - point.x);
    const float gap = 1.0f - smooth_step(-1.0f, 0.6f, head_->depth.sample(source));
    effect.coverage = gap * smooth_step(0.2f, 1.5f, moved) * smooth_step(0.0f, 1.0f, depth);
    effect.brightness =
        mix(effect.brightness, collection_brightness_ + 10.0f * texture_.sample(point), effect.coverage);
  }
  for (const Blob& blob : blobs_) {
    const float share = blob.opacity * blob.share_at(point) * smooth_step(0.0f, 1.2f, depth);
    if (share <= 0.0f) continue;
    const float target = blob.brightness + (blob.texture > 0.0f ? blob.texture * texture_.sample(point) : 0.0f);
    effect.brightness = mix(effect.brightness, blob.darken_only ? std::min(effect.brightness, target) : target, share);
    effect.coverage = std::max(effect.coverage, share);
  }
  return effect;
}

}  // namespace ra

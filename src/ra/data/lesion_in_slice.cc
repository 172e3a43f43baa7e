#include "ra/data/lesion_in_slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ra/base/error.h"
#include "ra/data/lesion_mask.h"

namespace ra {
namespace {

// Cubic convolution (Keys, IEEE Transactions on Acoustics, Speech, and Signal Processing 1981): unlike bilinear values,
// its keep the noise of what is moved. Exact at pixels; outside, the nearest edge.
float cubic_sample(const Raster& picture, float column, float row) {
  const auto weights = [](float t) {
    return std::array<float, 4>{((-0.5f * t + 1.0f) * t - 0.5f) * t, (1.5f * t - 2.5f) * t * t + 1.0f,
                                ((-1.5f * t + 2.0f) * t + 0.5f) * t, (0.5f * t - 0.5f) * t * t};
  };
  const int left = static_cast<int>(std::floor(column)), top = static_cast<int>(std::floor(row));
  const auto across = weights(column - static_cast<float>(left)), down = weights(row - static_cast<float>(top));
  float sum = 0.0f;
  for (int r = 0; r < 4; ++r) {
    const int y = std::clamp(top + r - 1, 0, picture.rows - 1);
    float line = 0.0f;
    for (int c = 0; c < 4; ++c) {
      const int x = std::clamp(left + c - 1, 0, picture.columns - 1);
      line += across[static_cast<std::size_t>(c)] * picture.at(x, y);
    }
    sum += down[static_cast<std::size_t>(r)] * line;
  }
  return sum;
}

// The slice as anatomy (blurred by about 1.2 mm) and grain (the rest), with the grain's spread in white matter.
struct Layers {
  Raster gray, anatomy;
  float noise = 0.0f;

  Layers(const Image& slice, const SliceHead& head) : gray(gray_values(slice)), anatomy(gray) {
    // One pass has a variance of half a square pixel.
    constexpr float kVariance = 1.5f;
    const int passes =
        std::max(static_cast<int>(std::lround(2.0f * kVariance / (head.pose.column_mm * head.pose.row_mm))), 1);
    for (int pass = 0; pass < std::min(passes, 20); ++pass) blur(anatomy, 0.25f);
    std::vector<float> grain;
    for (int row = 0; row < gray.rows; ++row) {
      for (int column = 0; column < gray.columns; ++column) {
        const HeadPoint point = head.pose.head_from_pixel(static_cast<float>(column), static_cast<float>(row));
        if (head.head.depth.sample(point) < 3.0f || head.head.brightness.sample(point) < 215.0f) continue;
        grain.push_back(std::fabs(gray.at(column, row) - anatomy.at(column, row)));
      }
    }
    if (grain.empty()) return;
    const auto middle = grain.begin() + static_cast<std::ptrdiff_t>(grain.size() / 2);
    std::nth_element(grain.begin(), middle, grain.end());
    constexpr float kSpreadOfMedian = 1.4826f;
    noise = kSpreadOfMedian * *middle;
  }
};

// What values of the file may be: integers stay integers, and 8 and 16 bits stay what they are.
class ValueRange {
 public:
  explicit ValueRange(const Image& slice) {
    const auto [low, high] = std::minmax_element(slice.pixels.begin(), slice.pixels.end());
    least_ = std::min(*low, 0.0f);
    whole_ = std::all_of(slice.pixels.begin(), slice.pixels.end(), [](float v) { return v == std::round(v); });
    if (whole_ && slice.pixel_type == PixelType::kUint8 && *high <= 255.0f) most_ = 255.0f;
    if (whole_ && slice.pixel_type == PixelType::kUint16 && *high <= 65535.0f) most_ = 65535.0f;
    // A float picture in [0,1] stays one: it would be scaled otherwise (transforms/input.h).
    if (slice.pixel_type == PixelType::kFloat && *high <= 1.0f && *low >= 0.0f) most_ = 1.0f;
  }
  // Brings what is brighter than white matter nearer to it where the values end, so that it stays below and keeps its
  // texture: on 8-bit slices white matter is often close to the top.
  float below_top(float value, float white) const {
    const float room = 0.9f * (most_ - white);
    if (value <= white || !std::isfinite(most_)) return value;
    return room <= 0.0f ? white : white + room * (1.0f - std::exp((white - value) / room));
  }
  float nearest(float value) const {
    const float inside = std::clamp(value, least_, most_);
    return whole_ ? std::round(inside) : inside;
  }

 private:
  float least_ = 0.0f, most_ = INFINITY;
  bool whole_ = false;
};

// The slice with the lesion, before noise: where every pixel's tissue came from, its brightness without paint, what
// paint adds to it, and the share of foreign tissue.
struct Drawing {
  std::vector<SlicePose::Pixel> from;
  Raster before, paint, coverage;

  Drawing(const Layers& layers, const SliceHead& head, const Lesion& lesion, float strength)
      : before(layers.gray), paint(before.columns, before.rows), coverage(before.columns, before.rows) {
    from.reserve(before.values.size());
    for (int row = 0; row < before.rows; ++row) {
      for (int column = 0; column < before.columns; ++column) draw(column, row, layers, head, lesion, strength);
    }
    // Every scanner blurs a little, also what it sees of a lesion.
    constexpr float kSpread = 0.2f;
    blur(paint, kSpread);
    blur(coverage, kSpread);
  }

  bool changed(int column, int row) const {
    const SlicePose::Pixel& source = from[static_cast<std::size_t>(row) * static_cast<std::size_t>(before.columns) +
                                          static_cast<std::size_t>(column)];
    const bool moved = source.column != static_cast<float>(column) || source.row != static_cast<float>(row);
    return moved || paint.at(column, row) != 0.0f || coverage.at(column, row) != 0.0f;
  }

 private:
  // Paint is the mean over four points of the pixel, so that thin edges share pixels.
  void draw(int column, int row, const Layers& layers, const SliceHead& head, const Lesion& lesion, float strength) {
    const auto x = static_cast<float>(column), y = static_cast<float>(row);
    const HeadPoint point = head.pose.head_from_pixel(x, y);
    const HeadPoint source = lesion.source_of(point);
    const bool moved = source.x != point.x || source.y != point.y;
    from.push_back(moved ? head.pose.pixel_from_head(source) : SlicePose::Pixel{x, y});
    const float tissue = cubic_sample(layers.anatomy, from.back().column, from.back().row);
    before.at(column, row) = head.to_scale(tissue, source);
    for (const float dx : {-0.25f, 0.25f}) {
      for (const float dy : {-0.25f, 0.25f}) {
        const HeadPoint part = head.pose.head_from_pixel(x + dx, y + dy);
        const Lesion::Effect effect = lesion.painted(part, lesion.source_of(part), before.at(column, row));
        paint.at(column, row) += 0.25f * strength * (effect.brightness - before.at(column, row));
        coverage.at(column, row) += 0.25f * effect.coverage;
      }
    }
  }
};

// The gray value of a changed pixel: tissue, paint, and grain that anatomy under the paint does not show through.
float changed_value(const Drawing& drawing, int column, int row, const Layers& layers, const SliceHead& head,
                    const ValueRange& range) {
  constexpr float kGrainSpreads = 2.5f;
  const std::size_t at =
      static_cast<std::size_t>(row) * static_cast<std::size_t>(layers.gray.columns) + static_cast<std::size_t>(column);
  const auto [from_column, from_row] = drawing.from[at];
  const float tissue = cubic_sample(layers.anatomy, from_column, from_row);
  const float grain = cubic_sample(layers.gray, from_column, from_row) - tissue;
  const float most = kGrainSpreads * layers.noise;
  const float kept = mix(grain, std::clamp(grain, -most, most), drawing.coverage.values[at]);
  const float paint = drawing.paint.values[at];
  if (paint == 0.0f) return tissue + kept;
  const HeadPoint point = head.pose.head_from_pixel(static_cast<float>(column), static_cast<float>(row));
  const float value = head.from_scale(drawing.before.values[at] + paint, point);
  if (paint < 0.0f) return value + kept;
  return range.below_top(value, std::max(head.from_scale(TissueBrightness::kWhiteMatter, point), tissue)) + kept;
}

// Fluid is as dark as fluid; what else is painted stands out more in one person and less in another.
float strength_of(LesionKind kind, CounterRandom& random) {
  const bool varies =
      kind == LesionKind::kMass || kind == LesionKind::kWhiteMatterLesions || kind == LesionKind::kHaemorrhage;
  return varies ? static_cast<float>(random.uniform(0.6, 1.0)) : 1.0f;
}

}  // namespace

LesionedSlice put_lesion(const Image& slice, const SliceHead& head, LesionKind kind, CounterRandom random) {
  if (!Lesion::fits(kind, head.head)) {
    throw Error(ErrorCode::kBadInput,
                fmt::format("no place for {}: the slice shows no lateral ventricles on both sides", to_string(kind)));
  }
  const float strength = strength_of(kind, random);
  const Lesion lesion = Lesion::place(kind, head.head, random);
  const Layers layers(slice, head);
  const ValueRange range(slice);
  const Drawing drawing(layers, head, lesion, strength);
  LesionedSlice result{slice, {}, std::vector<std::uint8_t>(layers.gray.values.size(), 255)};
  RenderedLesion rendered(layers.gray.columns, layers.gray.rows);
  std::vector<bool> in_brain(layers.gray.values.size(), false);
  const auto channels = static_cast<std::size_t>(slice.channels);
  for (int row = 0; row < layers.gray.rows; ++row) {
    for (int column = 0; column < layers.gray.columns; ++column) {
      if (!drawing.changed(column, row)) continue;
      const std::size_t at = static_cast<std::size_t>(row) * static_cast<std::size_t>(layers.gray.columns) +
                             static_cast<std::size_t>(column);
      const HeadPoint point = head.pose.head_from_pixel(static_cast<float>(column), static_cast<float>(row));
      in_brain[at] = head.head.depth.sample(point) > 0.0f;
      rendered.healthy.values[at] = head.to_scale(layers.anatomy.values[at], point);
      rendered.lesioned.values[at] = drawing.before.values[at] + drawing.paint.values[at];
      rendered.coverage.values[at] = drawing.coverage.values[at];
      rendered.ventricle_distance.values[at] = head.head.ventricle_distance.sample(point);
      const float difference = changed_value(drawing, column, row, layers, head, range) - layers.gray.values[at];
      for (std::size_t c = 0; c < channels; ++c) {
        float& value = result.image.pixels[at * channels + c];
        const float changed = range.nearest(value + difference);
        if (changed != value) result.outside[at] = 0;
        value = changed;
      }
    }
  }
  const float pixel_mm = std::sqrt(head.pose.column_mm * head.pose.row_mm);
  const int window = std::max(static_cast<int>(std::lround(2.0f / pixel_mm)), 1);
  result.mask = lesion_mask(rendered, lesion.mask_by_change_within(), window);
  for (std::size_t i = 0; i < result.mask.size(); ++i) {
    if (!in_brain[i]) result.mask[i] = 0;
    if (result.mask[i] != 0) result.outside[i] = 0;
  }
  constexpr double kLeastArea = 20.0;
  const auto pixels = static_cast<double>(std::count(result.mask.begin(), result.mask.end(), 255));
  if (pixels * pixel_mm * pixel_mm < kLeastArea) {
    throw Error(ErrorCode::kBadInput, fmt::format("{} leaves nothing to see in this slice", to_string(kind)));
  }
  return result;
}

}  // namespace ra

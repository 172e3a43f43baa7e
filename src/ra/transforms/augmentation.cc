#include "ra/transforms/augmentation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {
namespace {

constexpr std::int64_t kOutside = -1;

// Inverse map: source column = a x + b y + c, source row = d x + e y + f.
struct InverseAffine {
  double a, b, c, d, e, f;
};

// Rotation and isotropic scale about the centre of the side, then the shift; inverted.
InverseAffine inverse_affine(const AugmentationDraw& draw, std::int64_t side) {
  const double radians = draw.degrees * (std::numbers::pi / 180.0);
  const double cosine = std::cos(radians) / draw.scale, sine = std::sin(radians) / draw.scale;
  const double centre = static_cast<double>(side) * 0.5;
  const double dx = -centre - draw.shift_columns, dy = -centre - draw.shift_rows;
  return {cosine, sine, cosine * dx + sine * dy + centre, -sine, cosine, -sine * dx + cosine * dy + centre};
}

// Note [Pillow's two paths]: with rotation Pillow works in 16.16 fixed point, with the half pixel in the origin;
// without any it adds the step once a pixel in float64. Both are kept, because the last bit decides which
// neighbour is taken.
std::vector<std::int64_t> running_positions(double origin, double step, std::int64_t count) {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(count));
  double sum = origin + step * 0.5;
  for (std::int64_t& position : positions) {
    position = sum < 0.0 ? kOutside : static_cast<std::int64_t>(sum);
    sum += step;
  }
  return positions;
}

std::int64_t fixed_point(double value) { return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5)); }

// For every pixel of the moved image the index of its source pixel, or kOutside.
std::vector<std::int64_t> source_pixels(const AugmentationDraw& draw, std::int64_t side) {
  const InverseAffine map = inverse_affine(draw, side);
  std::vector<std::int64_t> sources;
  sources.reserve(static_cast<std::size_t>(side * side));
  const auto add = [&](std::int64_t row, std::int64_t column) {
    const bool inside = column >= 0 && column < side && row >= 0 && row < side;
    sources.push_back(inside ? row * side + column : kOutside);
  };
  if (map.b == 0.0 && map.d == 0.0) {
    const auto columns = running_positions(map.c, map.a, side), rows = running_positions(map.f, map.e, side);
    for (const std::int64_t row : rows) {
      for (const std::int64_t column : columns) add(row, column);
    }
    return sources;
  }
  const std::int64_t first_column = fixed_point(map.c + map.a * 0.5 + map.b * 0.5);
  const std::int64_t first_row = fixed_point(map.f + map.d * 0.5 + map.e * 0.5);
  const std::int64_t a = fixed_point(map.a), b = fixed_point(map.b), d = fixed_point(map.d), e = fixed_point(map.e);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x)
      add((first_row + d * x + e * y) >> 16, (first_column + a * x + b * y) >> 16);
  }
  return sources;
}

void require(bool fine, const char* field, const char* what) {
  if (!fine) throw Error(ErrorCode::kUsage, fmt::format("augmentation.{} {}", field, what));
}

}  // namespace

void AugmentationOptions::validate() const {
  require(max_degrees >= 0.0 && max_degrees <= 180.0, "max_degrees", "must lie between 0 and 180");
  require(max_translation >= 0.0 && max_translation <= 1.0, "max_translation", "must lie between 0 and 1");
  require(min_scale > 0.0 && min_scale <= 10.0, "min_scale", "must be above 0, and at most 10");
  require(max_scale >= min_scale && max_scale <= 10.0, "max_scale", "must be at least min_scale, and at most 10");
  require(flip_probability >= 0.0 && flip_probability <= 1.0, "flip_probability", "must lie between 0 and 1");
}

AugmentationDraw draw_augmentation(const AugmentationOptions& options, int image_size, std::uint64_t seed,
                                   std::uint32_t epoch, std::uint32_t sample) {
  CounterRandom random(seed, epoch, sample, Purpose::kAugmentation);
  const double reach = options.max_translation * image_size;
  AugmentationDraw draw;
  draw.degrees = random.uniform(-options.max_degrees, options.max_degrees);
  draw.shift_columns = static_cast<int>(std::nearbyint(random.uniform(-reach, reach)));
  draw.shift_rows = static_cast<int>(std::nearbyint(random.uniform(-reach, reach)));
  draw.scale = random.uniform(options.min_scale, options.max_scale);
  draw.flip = random.chance(options.flip_probability);
  return draw;
}

at::Tensor quantise(const at::Tensor& image) {
  // Clamped, because a conversion of an out-of-range float is undefined.
  return image.mul(255.0f).clamp_(0.0f, 255.0f).to(at::kByte);
}

at::Tensor apply_affine(const at::Tensor& codes, const AugmentationDraw& draw) {
  const at::Tensor image = codes.contiguous();
  const std::int64_t channels = image.size(0), side = image.size(1), count = side * side;
  if (image.size(2) != side) throw Error(ErrorCode::kBadInput, "the augmentation expects a square image");
  const std::vector<std::int64_t> sources = source_pixels(draw, side);
  at::Tensor moved = at::empty_like(image);
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::uint8_t* from = image.const_data_ptr<std::uint8_t>() + c * count;
    std::uint8_t* to = moved.data_ptr<std::uint8_t>() + c * count;
    for (std::int64_t i = 0; i < count; ++i) {
      to[i] = sources[static_cast<std::size_t>(i)] == kOutside ? 0 : from[sources[static_cast<std::size_t>(i)]];
    }
  }
  return draw.flip ? moved.flip({2}) : moved;
}

at::Tensor augment(const at::Tensor& image, const AugmentationDraw& draw) {
  return apply_affine(quantise(image), draw).to(at::kFloat).div_(255.0f);
}

}  // namespace ra

#include "ra/data/synthetic_imaging.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ra {
namespace {

float between(CounterRandom& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

// Nearly normal, from one draw: the sum of four bytes has mean 510 and standard deviation 147.8.
float quick_normal(CounterRandom& random) {
  const std::uint32_t bits = random();
  const std::uint32_t sum = (bits & 0xFF) + ((bits >> 8) & 0xFF) + ((bits >> 16) & 0xFF) + (bits >> 24);
  return (static_cast<float>(sum) - 510.0f) / 147.8f;
}

// Brightness curve of the contrast, by clean value: white matter stays, the rest spreads or closes up.
class ContrastCurve {
 public:
  ContrastCurve(float gamma, float gain) {
    constexpr float kPivot = 236.0f;
    for (std::size_t i = 0; i < table_.size(); ++i) {
      table_[i] = gain * kPivot * std::pow(static_cast<float>(i) / kPivot, gamma);
    }
  }
  float at(float value) const {
    const float clamped = std::clamp(value, 0.0f, static_cast<float>(table_.size()) - 1.001f);
    const auto i = static_cast<std::size_t>(clamped);
    return mix(table_[i], table_[i + 1], clamped - static_cast<float>(i));
  }

 private:
  std::array<float, 400> table_;
};

}  // namespace

HeadPose::HeadPose(int columns, int rows, float scale, CounterRandom& random)
    : origin_column_(0.5f * static_cast<float>(columns - 1) + scale * 1.2f * static_cast<float>(random.normal())),
      origin_row_(0.5f * static_cast<float>(rows - 1) + scale * 1.2f * static_cast<float>(random.normal())),
      xx_(0),
      xy_(0),
      yx_(0),
      yy_(0),
      warp_x_(smooth_noise(columns, rows, 48.0f * scale, random)),
      warp_y_(smooth_noise(columns, rows, 48.0f * scale, random)) {
  const float angle = std::clamp(0.03f * static_cast<float>(random.normal()), -0.09f, 0.09f);
  const float size = 1.0f + std::clamp(0.014f * static_cast<float>(random.normal()), -0.04f, 0.04f);
  xx_ = std::cos(angle) / (scale * size);
  xy_ = std::sin(angle) / (scale * size);
  yx_ = -xy_;
  yy_ = xx_;
  constexpr float kWarp = 2.6f;  // mm
  for (float& value : warp_x_.values) value *= kWarp;
  for (float& value : warp_y_.values) value *= kWarp;
}

HeadPoint HeadPose::head_from_pixel(int column, int row) const {
  const float x = static_cast<float>(column) - origin_column_;
  const float y = static_cast<float>(row) - origin_row_;
  return {xx_ * x + xy_ * y + warp_x_.at(column, row), yx_ * x + yy_ * y + warp_y_.at(column, row)};
}

std::vector<std::uint8_t> scan(const Raster& clean, CounterRandom random) {
  const ContrastCurve contrast(between(random, 0.85, 1.25), between(random, 0.97, 1.05));
  const float noise = between(random, 1.5, 4.5);
  const float softness = between(random, 0.02, 0.11);
  const float tilt_x = between(random, -0.06, 0.06);
  const float tilt_y = between(random, -0.08, 0.08);
  const float bowl = between(random, -0.06, 0.10);
  const float unevenness = between(random, 0.01, 0.05);
  const Raster uneven = smooth_noise(clean.columns, clean.rows, 0.35f * static_cast<float>(clean.rows), random);
  Raster scanned(clean.columns, clean.rows);
  for (int row = 0; row < clean.rows; ++row) {
    const float v = 2.0f * static_cast<float>(row) / static_cast<float>(clean.rows) - 1.0f;
    for (int column = 0; column < clean.columns; ++column) {
      const float u = 2.0f * static_cast<float>(column) / static_cast<float>(clean.columns) - 1.0f;
      // The coil sits around the head: the rim is often brighter than the middle.
      const float bias =
          1.0f + tilt_x * u + tilt_y * v + bowl * (u * u + v * v - 0.35f) + unevenness * uneven.at(column, row);
      const float signal = contrast.at(clean.at(column, row)) * bias + noise * quick_normal(random);
      const float quadrature = noise * quick_normal(random);
      scanned.at(column, row) = std::sqrt(signal * signal + quadrature * quadrature);
    }
  }
  blur(scanned, softness);
  std::vector<std::uint8_t> pixels(scanned.values.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(std::clamp(scanned.values[i], 0.0f, 255.0f) + 0.5f);
  }
  return pixels;
}

}  // namespace ra

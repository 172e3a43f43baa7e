#include "ra/transforms/input.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "ra/base/error.h"
#include "ra/base/nearest_name.h"
#include "ra/transforms/pad.h"
#include "ra/transforms/percentile.h"

namespace ra {
namespace {

constexpr double kBrightPercentile = 99.5;
constexpr float kLeastDivisor = 1e-6f;
constexpr float kFullScale8 = 255.0f;
constexpr float kFullScale16 = 65535.0f;

// Weights of ITU-R BT.601 in thousandths: a gray pixel keeps its value exactly.
float luminance(const float* rgb) {
  return static_cast<float>((299.0 * rgb[0] + 587.0 * rgb[1] + 114.0 * rgb[2]) / 1000.0);
}

// The picture as [channels,rows,columns] planes: colour to luminance for one channel, gray repeated for three.
at::Tensor channel_planes(const Image& slice, int channels) {
  if (channels != 1 && channels != 3) {
    throw Error(ErrorCode::kUsage, fmt::format("image_channels must be 1 or 3, not {}", channels));
  }
  const std::int64_t count = slice.rows * slice.columns;
  if (slice.slices != 1 || count <= 0 || std::ssize(slice.pixels) != count * slice.channels) {
    throw Error(ErrorCode::kBadInput, "expected one picture, but got a volume or nothing; choose slices of a volume");
  }
  at::Tensor planes = at::empty({channels, slice.rows, slice.columns}, at::kFloat);
  float* out = planes.data_ptr<float>();
  const float* pixel = slice.pixels.data();
  for (std::int64_t i = 0; i < count; ++i, pixel += slice.channels) {
    const bool to_gray = slice.channels == 3 && channels == 1;
    for (int c = 0; c < channels; ++c) {
      out[c * count + i] = to_gray ? luminance(pixel) : pixel[slice.channels == 3 ? c : 0];
    }
  }
  return planes;
}

std::span<float> values_of(at::Tensor& planes) {
  return {planes.data_ptr<float>(), static_cast<std::size_t>(planes.numel())};
}

bool in_unit_range(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return v >= 0.0f && v <= 1.0f; });
}

double divide(std::span<float> values, float divisor) {
  for (float& v : values) v /= divisor;
  return divisor;
}

double scale_by_percentile(std::span<float> values) {
  for (float& v : values) v = std::max(v, 0.0f);
  const float bright = percentile({values.begin(), values.end()}, kBrightPercentile);
  const double divisor = divide(values, std::max(bright, kLeastDivisor));
  for (float& v : values) v = std::min(v, 1.0f);
  return divisor;
}

// Both return what the file's values were divided by.
double scale_native(std::span<float> values, const Image& slice) {
  const bool picture = slice.format == ImageFormat::kPng || slice.format == ImageFormat::kJpeg;
  if (picture && slice.pixel_type == PixelType::kUint8) return divide(values, kFullScale8);
  if (picture && slice.pixel_type == PixelType::kUint16) return divide(values, kFullScale16);
  const bool array_of_floats = slice.format != ImageFormat::kNifti && slice.pixel_type == PixelType::kFloat;
  if (array_of_floats && in_unit_range(values)) return 1.0;
  return scale_by_percentile(values);
}

double scale_as_reference(std::span<float> values, const Image& slice) {
  if (slice.format == ImageFormat::kNpy) {
    if (!in_unit_range(values)) {
      throw Error(ErrorCode::kBadInput,
                  "an NPY file must hold values in [0, 1] with input.scaling 'reference'; use 'native'");
    }
    for (float& v : values) v = std::trunc(v * kFullScale8);
  }
  const bool picture8 =
      slice.format != ImageFormat::kNifti && slice.format != ImageFormat::kNpy && slice.pixel_type == PixelType::kUint8;
  if (!picture8 && *std::max_element(values.begin(), values.end()) <= 1.0f) return 1.0;
  divide(values, kFullScale8);
  return slice.format == ImageFormat::kNpy ? 1.0 : kFullScale8;
}

void refuse_constant(std::span<const float> values, const Image& slice) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low != *high) return;
  const auto [file_low, file_high] = std::minmax_element(slice.pixels.begin(), slice.pixels.end());
  const std::string reason = *file_low == *file_high
                                 ? fmt::format("every pixel is {:g}", *file_low)
                                 : fmt::format("no pixel is above 0, the largest is {:g}", *file_high);
  throw Error(
      ErrorCode::kBadInput,
      fmt::format("the image is constant ({}), so there is nothing to screen; choose another file or slice", reason));
}

}  // namespace

std::string_view to_string(InputScaling scaling) {
  return scaling == InputScaling::kReference ? "reference" : "native";
}

InputScaling input_scaling_from_string(std::string_view name) {
  if (name == "native") return InputScaling::kNative;
  if (name == "reference") return InputScaling::kReference;
  static const std::string kKnown[] = {"native", "reference"};
  throw Error(ErrorCode::kUsage,
              fmt::format("unknown input scaling '{}'{}: use native or reference", name, did_you_mean(name, kKnown)));
}

PreparedSlice prepare_slice(const Image& slice, const InputOptions& options) {
  at::Tensor planes = channel_planes(slice, options.image_channels);
  const std::span<float> values = values_of(planes);
  PreparedSlice result;
  result.divisor =
      options.scaling == InputScaling::kNative ? scale_native(values, slice) : scale_as_reference(values, slice);
  refuse_constant(values, slice);
  const float darkest = *std::min_element(values.begin(), values.end());
  result.pixels = resize_bilinear(pad_to_square(planes, darkest), options.image_size);
  return result;
}

at::Tensor prepare_mask(const Image& mask, int image_size, bool pad) {
  at::Tensor plane = channel_planes(mask, 1);
  const std::span<float> values = values_of(plane);
  if (*std::max_element(values.begin(), values.end()) > 1.0f) {
    const bool picture = mask.format == ImageFormat::kPng || mask.format == ImageFormat::kJpeg;
    if (picture) divide(values, mask.pixel_type == PixelType::kUint16 ? kFullScale16 : kFullScale8);
    for (float& v : values) v = std::min(v, 1.0f);
  }
  for (float& v : values) v = std::max(v, 0.0f);
  return resize_bilinear(pad ? pad_to_square(plane, 0.0f) : plane, image_size);
}

}  // namespace ra

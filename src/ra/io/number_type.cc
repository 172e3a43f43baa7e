#include "ra/io/number_type.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace ra {
namespace {

// IEEE 754 binary16 as its bits.
struct Half {
  std::uint16_t bits;

  explicit operator float() const {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
    if (exponent == 31) {
      return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
    }
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
    return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  explicit operator double() const { return static_cast<float>(*this); }
};

struct Boolean {
  std::uint8_t byte;

  explicit operator float() const { return byte != 0 ? 1.0f : 0.0f; }
  explicit operator double() const { return byte != 0 ? 1.0 : 0.0; }
};

template <class In, class Out>
void convert_as(std::span<const std::byte> raw, Out* out) {
  const std::size_t count = raw.size() / sizeof(In);
  for (std::size_t i = 0; i < count; ++i) {
    In value;
    std::memcpy(&value, raw.data() + i * sizeof(In), sizeof(In));
    out[i] = static_cast<Out>(value);
  }
}

}  // namespace

bool NumberType::known() const {
  if (kind == 'b') return bytes == 1;
  if (kind == 'f') return bytes == 2 || bytes == 4 || bytes == 8;
  return (kind == 'i' || kind == 'u') && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
}

PixelType pixel_type(NumberType type) {
  if (type.kind == 'f') return PixelType::kFloat;
  if (type.kind == 'u' && type.bytes == 1) return PixelType::kUint8;
  if (type.kind == 'u' && type.bytes == 2) return PixelType::kUint16;
  return PixelType::kOther;
}

void swap_bytes(std::span<std::byte> values, int width) {
  const auto step = static_cast<std::size_t>(width);
  for (std::size_t i = 0; i + step <= values.size(); i += step) {
    std::reverse(values.begin() + static_cast<std::ptrdiff_t>(i),
                 values.begin() + static_cast<std::ptrdiff_t>(i + step));
  }
}

template <class Out>
void convert(std::span<const std::byte> raw, NumberType type, Out* out) {
  switch (type.kind * 16 + type.bytes) {
    case 'b' * 16 + 1:
      return convert_as<Boolean>(raw, out);
    case 'i' * 16 + 1:
      return convert_as<std::int8_t>(raw, out);
    case 'i' * 16 + 2:
      return convert_as<std::int16_t>(raw, out);
    case 'i' * 16 + 4:
      return convert_as<std::int32_t>(raw, out);
    case 'i' * 16 + 8:
      return convert_as<std::int64_t>(raw, out);
    case 'u' * 16 + 1:
      return convert_as<std::uint8_t>(raw, out);
    case 'u' * 16 + 2:
      return convert_as<std::uint16_t>(raw, out);
    case 'u' * 16 + 4:
      return convert_as<std::uint32_t>(raw, out);
    case 'u' * 16 + 8:
      return convert_as<std::uint64_t>(raw, out);
    case 'f' * 16 + 2:
      return convert_as<Half>(raw, out);
    case 'f' * 16 + 4:
      return convert_as<float>(raw, out);
    case 'f' * 16 + 8:
      return convert_as<double>(raw, out);
    default:
      return;
  }
}

template void convert<float>(std::span<const std::byte>, NumberType, float*);
template void convert<double>(std::span<const std::byte>, NumberType, double*);

}  // namespace ra

#pragma once

#include <cstddef>
#include <span>

#include "ra/image/image.h"

namespace ra {

// How a file stores one real number: kind 'b' (bool), 'i', 'u' or 'f', and its size in bytes.
struct NumberType {
  char kind = 'f';
  int bytes = 4;

  // b1, i1 to i8, u1 to u8, f2, f4, f8.
  bool known() const;
};

// The same as an image states it.
PixelType pixel_type(NumberType type);

// Reverses the bytes of each value of `width` bytes.
void swap_bytes(std::span<std::byte> values, int width);

// Converts values in this machine's byte order to float or double; `out` has room for raw.size() / type.bytes.
template <class Out>
void convert(std::span<const std::byte> raw, NumberType type, Out* out);

}  // namespace ra

#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace ra {

// Appends the bytes of `value`, the lowest first.
template <std::unsigned_integral T>
void append_little_endian(std::string& bytes, T value) {
  for (std::size_t k = 0; k < sizeof(T); ++k) bytes += static_cast<char>(value >> (8 * k) & 0xff);
}

}  // namespace ra

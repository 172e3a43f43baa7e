#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ra/io/byte_stream.h"
#include "ra/io/number_type.h"

namespace ra {

inline constexpr std::array<std::uint8_t, 6> kNpyMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};

// What the header of a .npy file says.
struct NpyHeader {
  char byte_order = '<';  // '<', '>', '|' or '='
  NumberType type;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// Reads the header from the start of `stream`, up to the first item; kBadInput for a broken one, another version
// than 1 to 3, or a dtype that is no real number (number_type.h).
NpyHeader read_npy_header(ByteStream& stream);

}  // namespace ra

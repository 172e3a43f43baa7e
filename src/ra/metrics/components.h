#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ra {

enum class Connectivity { kFour, kEight };

// One connected region of a mask; the box is inclusive.
struct Region {
  std::int64_t pixels = 0;
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
};

struct Components {
  std::vector<std::uint32_t> labels;  // [rows][columns]; 0 outside, k in region k - 1
  std::vector<Region> regions;        // in raster order of their first pixels
};

// Connected components of a mask [rows][columns], any non-zero value is inside. kUsage if the size does not fit.
Components connected_components(std::span<const std::uint8_t> mask, std::int64_t columns, std::int64_t rows,
                                Connectivity connectivity = Connectivity::kEight);

}  // namespace ra

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ra {

// Otsu's threshold (IEEE Transactions on Systems, Man and Cybernetics 1979) over 256 bins; values above twice the mean
// (both above the minimum) count as that, so that bright fat does not decide.
struct OtsuSplit {
  std::vector<std::uint8_t> mask;  // 1 above the threshold; all 0 for constant values
  float threshold = 0.0f;
};
// `values` must not be empty.
OtsuSplit otsu_split(std::span<const float> values);

// Of a mask [rows][columns], keeps the region of eight-connected pixels that is largest; an empty mask stays empty.
void keep_largest_region(std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows);

// Sets what no path of four-connected background joins to the border.
void fill_holes(std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows);

// Euclidean distance of each pixel of [rows][columns] to the nearest set one, 0 there, in pixels between centres;
// at least columns + rows everywhere if none is set.
std::vector<float> distance_to(const std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows);

}  // namespace ra

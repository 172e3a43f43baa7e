#pragma once

#include <cstdint>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// How a person lies in the picture: maps pixels to the head's frame, with a smooth warp for individual shape.
class HeadPose {
 public:
  // `scale` is pixels a millimetre of the middle-sized head.
  HeadPose(int columns, int rows, float scale, CounterRandom& random);

  HeadPoint head_from_pixel(int column, int row) const;

 private:
  float origin_column_, origin_row_;
  float xx_, xy_, yx_, yy_;
  Raster warp_x_, warp_y_;
};

// What a scanner does to a slice: coil bias, contrast, Rician noise, slight blur, 8 bits. A pixel's value depends
// on the clean values within kBlurReach pixels of it and on the random stream alone.
constexpr int kBlurReach = 1;
std::vector<std::uint8_t> scan(const Raster& clean, CounterRandom random);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

// What clahe() and clahe_by_tensors() have in common.
namespace ra::clahe_parts {

inline constexpr int kGray = 16384;  // levels of the 14-bit stages
inline constexpr int kBins = 256;
inline constexpr int kBinWidth = 1 + kGray / kBins;

// One axis of the tiling. The image is mirrored (without repeating its edge) by `before` and `after` pixels, so
// that whole kernels fit and the outermost half kernels have a tile on either side.
struct Axis {
  std::int64_t size, kernel, before, tiles;
  std::vector<std::int64_t> mirrored;  // source index of every padded position

  explicit Axis(std::int64_t size_);  // at least 1
};

// The tile on either side of a position of one axis, and the weight of the second; border tiles are repeated.
struct Neighbours {
  std::int64_t first, second;
  double weight;
};
std::vector<Neighbours> neighbours(const Axis& axis);

// The most pixels of a tile that one bin may hold.
std::int32_t clip_limit(const Axis& y, const Axis& x);

// By how many of the 14-bit levels one pixel lifts the mapping of its tile.
double height_of_one(const Axis& y, const Axis& x);

// kBadInput unless `images` are float32 [N,H,W] or [H,W] of at least one pixel.
void check_images(const at::Tensor& images);
[[noreturn]] void refuse_value(float value);  // kBadInput: outside [-1,1] or NaN

}  // namespace ra::clahe_parts

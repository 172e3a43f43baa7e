#include "ra/transforms/device_clahe.h"

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <vector>

#include "ra/transforms/clahe_parts.h"

// The steps are those of clahe.cc, in the same order. Each rounding is an operation of its own, since a device may
// fuse or reorder what stands within one; for that reason divisors are tensors too (CUDA divides by a number by
// multiplying with its inverse).
namespace ra {
namespace {

using clahe_parts::Axis;
using clahe_parts::kBins;
using clahe_parts::kGray;

// kBadInput as clahe(). Waits for the device.
void check_values(const at::Tensor& values) {
  const at::Tensor bad = values.ge(-1.0).logical_and(values.le(1.0)).logical_not();
  if (bad.any().item<bool>()) clahe_parts::refuse_value(values.masked_select(bad)[0].item<float>());
}

// [N,H,W] float32 in [-1,1] -> int32, 0..16383.
at::Tensor to_14_bits(const at::Tensor& images) {
  const at::Tensor codes = (images * 65535.0).round().clamp(0, 65535).to(at::kDouble);
  const at::Tensor low = codes.amin({1, 2}, true), range = codes.amax({1, 2}, true) - low;
  const at::Tensor stretched = ((codes - low) / range * (kGray - 1)).round();
  return at::where(range == 0, codes.clamp_max(kGray - 1), stretched).to(at::kInt);
}

// [N,H,W] bins -> [N*TY*TX,256] int32.
at::Tensor histograms(const at::Tensor& bins, const Axis& y, const Axis& x) {
  const auto tiled = [&](const Axis& axis) {
    const at::Tensor mirrored = at::tensor(axis.mirrored, at::kLong);
    return mirrored.narrow(0, axis.before, axis.tiles * axis.kernel).to(bins.device());
  };
  const at::Tensor pixels = bins.index_select(1, tiled(y)).index_select(2, tiled(x));
  const at::Tensor tiles =
      pixels.view({-1, y.tiles, y.kernel, x.tiles, x.kernel}).transpose(2, 3).reshape({-1, y.kernel * x.kernel});
  const at::Tensor counts = at::zeros({tiles.size(0), kBins}, bins.options().dtype(at::kInt));
  return counts.scatter_add_(1, tiles, at::ones_like(tiles, at::kInt));
}

// From excess [T,1] gives one count each to bins of counts [T,256] below the limit, every step-th from a start that
// moves on, until nothing is left or no bin is below. The tiles move on together, those that are done unchanged.
void distribute_rest(at::Tensor& counts, at::Tensor& excess, std::int32_t limit) {
  const at::Tensor offsets = at::arange(kBins, counts.options());
  for (std::int64_t start = 0;; start = (start + 1) % kBins) {
    const at::Tensor below = counts.lt(limit).sum(1, true, at::kInt);
    // Waits for the device at every start; real slices need at most a few.
    if (!excess.gt(0).logical_and(below.gt(0)).any().item<bool>()) return;
    const at::Tensor step = at::floor_divide(below, excess.clamp_min(1)).clamp_min(1);
    at::Tensor later = counts.narrow(1, start, kBins - start);
    const at::Tensor taken = offsets.narrow(0, 0, kBins - start)
                                 .remainder(step)
                                 .eq(0)
                                 .logical_and(later.lt(limit))
                                 .logical_and(excess.gt(0))
                                 .to(at::kInt);
    later += taken;
    excess -= taken.sum(1, true, at::kInt);
  }
}

// Clips histograms [T,256] at `limit` and hands out the excess of each.
at::Tensor clip_histograms(const at::Tensor& histograms, std::int32_t limit) {
  at::Tensor excess = (histograms - limit).clamp_min(0).sum(1, true, at::kInt);
  const at::Tensor share = at::floor_divide(excess, kBins), low_limit = limit - share;
  at::Tensor counts = histograms.clamp_max(limit);
  const at::Tensor given = counts.lt(low_limit) * share;
  counts += given;
  excess -= given.sum(1, true, at::kInt);
  const at::Tensor filled = counts.ge(low_limit) * (limit - counts);
  counts += filled;
  excess -= filled.sum(1, true, at::kInt);
  distribute_rest(counts, excess, limit);
  return counts;
}

// Gray-level mapping of every tile. [N*TY*TX,256] int32.
at::Tensor tile_maps(const at::Tensor& bins, const Axis& y, const Axis& x) {
  const at::Tensor counts = clip_histograms(histograms(bins, y, x), clahe_parts::clip_limit(y, x));
  const at::Tensor heights = counts.cumsum(1).to(at::kDouble) * clahe_parts::height_of_one(y, x);
  return heights.clamp_max(kGray - 1).to(at::kInt);
}

// One side of the neighbours of every position: its tile, and its weight.
struct Side {
  at::Tensor tile;    // [size] int64
  at::Tensor weight;  // [size] float64
};

// The first side and the second.
std::array<Side, 2> sides(const Axis& axis, at::Device device) {
  std::vector<std::int64_t> first, second;
  std::vector<double> weights;
  for (const clahe_parts::Neighbours& neighbour : clahe_parts::neighbours(axis)) {
    first.push_back(neighbour.first);
    second.push_back(neighbour.second);
    weights.push_back(neighbour.weight);
  }
  const at::Tensor weight = at::tensor(weights, at::kDouble).to(device);
  return {Side{at::tensor(first, at::kLong).to(device), 1.0 - weight},
          Side{at::tensor(second, at::kLong).to(device), weight}};
}

// Bilinear interpolation between the four nearest tile mappings, [N,H,W] int32. Sums in float32, in scikit-image's
// order: upper left, upper right, lower left, lower right.
at::Tensor interpolate(const at::Tensor& bins, const at::Tensor& maps, const Axis& y, const Axis& x) {
  const at::Tensor maps_of_images = maps.view({bins.size(0), -1});
  at::Tensor total = at::zeros(bins.sizes(), bins.options().dtype(at::kFloat));
  const std::array<Side, 2> rows = sides(y, bins.device()), columns = sides(x, bins.device());
  for (const Side& row : rows) {
    for (const Side& column : columns) {
      const at::Tensor tile = row.tile.unsqueeze(1) * x.tiles + column.tile;
      const at::Tensor level = maps_of_images.gather(1, (tile * kBins + bins).flatten(1)).view(bins.sizes());
      total += (level.to(at::kDouble) * (column.weight * row.weight.unsqueeze(1))).to(at::kFloat);
    }
  }
  return total.to(at::kInt);
}

// 14-bit levels -> [0,1] float32 by minimum and maximum; a constant is clipped.
at::Tensor stretch(const at::Tensor& mapped) {
  const at::Tensor levels = mapped.to(at::kFloat), low = levels.amin({1, 2}, true);
  const at::Tensor range = levels.amax({1, 2}, true) - low;
  return at::where(range == 0, levels.clamp_max(1), (levels - low) / range);
}

}  // namespace

at::Tensor clahe_by_tensors(const at::Tensor& images) {
  clahe_parts::check_images(images);
  check_values(images);
  const Axis y(images.size(-2)), x(images.size(-1));
  const at::Tensor codes = to_14_bits(images.reshape({-1, y.size, x.size}));
  const at::Tensor bins = at::floor_divide(codes, clahe_parts::kBinWidth).to(at::kLong);
  return stretch(interpolate(bins, tile_maps(bins, y, x), y, x)).view(images.sizes());
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ra/metrics/map_bins.h"
#include "ra/metrics/roc.h"

namespace ra {

// Pixels of one image whose map values share a bin.
struct BinCount {
  std::uint32_t bin = 0;
  std::uint32_t negatives = 0;
  std::uint32_t positives = 0;
  double region_share = 0.0;  // sum over the truth's regions of the share of the region that lies here
};

// All that pixel-level metrics need to know of one image: a few kilobytes in place of its map.
struct PixelCounts {
  std::vector<BinCount> bins;  // the occupied ones, ascending
  std::int64_t regions = 0;    // connected components (8 neighbours) of the truth

  bool has_positives() const { return regions > 0; }
};

// One image's map, truth and, if not empty, the pixels that count (the brain), all [rows][columns]; any non-zero
// mask value is inside, and truth outside the counted pixels is left out. Two sizes are kUsage, a map value among
// the counted that is no number kBadInput.
PixelCounts count_pixels(std::span<const float> map, std::span<const std::uint8_t> truth,
                         std::span<const std::uint8_t> counted, std::int64_t columns, std::int64_t rows,
                         const MapBins& bins);

// The images' pixels pooled, for auroc(), average_precision(), best_dice(), roc_curve() and rank_metric(). The
// score of a step is its bin's lower edge. All images must share `bins`.
std::vector<RocStep> pooled_steps(std::span<const PixelCounts> images, const MapBins& bins);

}  // namespace ra

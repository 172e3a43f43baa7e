#pragma once

#include <cstdint>
#include <span>

#include "ra/metrics/bootstrap.h"
#include "ra/metrics/pixel_counts.h"

namespace ra {

// Pixel-level metrics of pooled images; each undefined as rank_metric() and aupro() say.
struct PixelReplicates {
  Replicates auroc, average_precision, best_dice, aupro;
};

// Bootstrap over images, or over clusters of them (subjects); cluster_ids as for cluster_cases(), where an image is
// positive if its truth holds a region. A resample is a weighted sum of histograms: its cost is clusters times
// occupied bins, whatever the size of the maps.
PixelReplicates bootstrap_pixels(std::span<const PixelCounts> images, const MapBins& bins,
                                 std::span<const std::int64_t> cluster_ids, const BootstrapOptions& options);

}  // namespace ra

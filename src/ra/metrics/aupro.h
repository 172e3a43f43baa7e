#pragma once

#include <span>
#include <vector>

#include "ra/metrics/curves.h"
#include "ra/metrics/metric_value.h"
#include "ra/metrics/pixel_counts.h"

namespace ra {

inline constexpr double kAuproFprLimit = 0.3;

// Share of negative pixels above the threshold (x) against the mean over all truth regions of the share of the
// region above it (y): per-region overlap (Bergmann et al., CVPR 2019). From (0,0) to (1,1); ties in one bin are
// one step. Empty without regions or without negative pixels.
std::vector<CurvePoint> region_overlap_curve(std::span<const PixelCounts> images, const MapBins& bins);

// Area under that curve up to `fpr_limit` in (0,1], divided by the limit: 1 for a perfect map. The last piece is
// cut by linear interpolation. Undefined for an empty curve.
MetricValue area_to_fpr_limit(std::span<const CurvePoint> curve, double fpr_limit = kAuproFprLimit);

// Both in one: AUPRO of the images. Undefined without regions or without negative pixels.
MetricValue aupro(std::span<const PixelCounts> images, const MapBins& bins, double fpr_limit = kAuproFprLimit);

}  // namespace ra

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ra/metrics/bootstrap.h"
#include "ra/metrics/curves.h"

namespace ra {

// Free-response ROC (Chakraborty, Medical Physics 1989). The candidates of an image are the connected components (8
// neighbours) of its map at or above one fixed threshold, rated by their largest value; the curve comes from the
// rating. Lowering the pixel threshold instead would in the end join everything in one region that hits all lesions.

// When a candidate hits a region of the truth.
enum class HitRule {
  kAnyOverlap,  // they share a pixel
  kIou,         // shared pixels / pixels in either >= least_overlap
  kIobb,        // share of the candidate's bounding box that lies in the region >= least_overlap
};

struct FrocOptions {
  double threshold = 0.0;  // pixels >= float32(threshold) make the candidates; from calibration
  HitRule rule = HitRule::kAnyOverlap;
  double least_overlap = 0.1;     // in (0,1], of kIou and kIobb
  std::int64_t least_pixels = 1;  // smaller candidates are dropped

  void validate() const;  // kUsage with the field's name
};

// False positives per image at which the sensitivity is reported.
inline constexpr std::array<double, 7> kFrocRates = {0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0};

// What the candidates of one image are worth.
struct ImageMarks {
  std::vector<double> found_ratings;  // one for each region that is hit: the highest rating among its hits
  std::vector<double> false_ratings;  // one for each candidate that hits no region
  std::int64_t regions = 0;           // of the truth
};

// map and truth are [rows][columns] of one size (kUsage); any non-zero truth is inside; a NaN is kBadInput.
ImageMarks mark_regions(std::span<const float> map, std::span<const std::uint8_t> truth, std::int64_t columns,
                        std::int64_t rows, const FrocOptions& options);

// False positives per image, over all images (x), against the share of regions found (y), from (0,0) at an infinite
// rating. Empty without regions.
std::vector<CurvePoint> froc_curve(std::span<const ImageMarks> images);

// The sensitivity at most `rate` false positives per image allow: at the last point of the curve that keeps them. Once
// all candidates are in, it stays. Undefined for an empty curve.
MetricValue sensitivity_at(std::span<const CurvePoint> curve, double rate);

// The sensitivities at `rates`, then their mean, over images or clusters of them (as for cluster_cases(); positive
// if there is a region).
std::vector<Replicates> bootstrap_froc(std::span<const ImageMarks> images, std::span<const std::int64_t> cluster_ids,
                                       std::span<const double> rates, const BootstrapOptions& options);

}  // namespace ra

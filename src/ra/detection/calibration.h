#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ra/detection/detector_identity.h"
#include "ra/metrics/conformal.h"

namespace ra {

// A map value, and the share of healthy pixels above it in percent.
struct PixelThreshold {
  double percent = 0.0;    // asked for: at most so many
  double threshold = 0.0;  // pixels > threshold count
  double mean_percent = 0.0;
};

// The healthy images that a model was calibrated on.
struct Population {
  std::string label;  // in the user's words; may be empty
  std::int64_t images = 0;
  std::vector<std::string> subjects;  // hashes (data/subject.h), ascending, each once
  bool subjects_known = false;        // false where an image stands for its own subject
};

// A small input that is made anew from its seed (canary_image() of bundle.h), and what the detector must make of it.
struct Canary {
  std::uint64_t seed = 0;
  double score = 0.0;
};

// Shares of healthy pixels, in percent, that every calibration has a threshold for.
inline constexpr double kPixelPercents[] = {0.5, 1.0, 2.0, 5.0, 10.0};

// What healthy images look like to one detector. The healthy scores are kept whole, so that p-values are exact.
struct Calibration {
  DetectorIdentity detector;
  std::string slices;                        // the rule by which slices of volumes were taken
  HealthyScores scores;                      // AnomalyResult::score
  HealthyScores maxima;                      // AnomalyResult::score_maximum
  std::vector<PixelThreshold> all_pixels;    // by the reference's search
  std::vector<PixelThreshold> brain_pixels;  // the same on foreground_mask()
  Population population;
  std::vector<Population> earlier;  // calibrations that this one replaced, oldest first
  bool overlap_allowed = false;     // the population shares subjects with what the model had seen, and may
  at::Tensor map_mean, map_spread;  // [S,S] of the healthy maps; undefined unless asked for
  Canary canary = {};

  // Of `thresholds`, the one for the largest percent that is at most 100 `rate`; kUsage if none is.
  static const PixelThreshold& threshold_at(std::span<const PixelThreshold> thresholds, double rate);

  // (map - mean) / spread, [S,S]; kUsage without them.
  at::Tensor normalised(const at::Tensor& map) const;

  // How a detector differs from the one that was calibrated, for a message; empty if its scores can be compared.
  std::string differences(const DetectorIdentity& other) const;

  // Whom it was ever calibrated on: hashes, ascending.
  std::vector<std::string> subjects() const;
};

// The smallest k/1000 above which at most `percent` of the pixels lie, as the reference searches; k/1000000 where so
// coarse a grid would pass less than half of what may pass. kUsage when a threshold of 0.999 still lets more pass:
// the maps are saturated.
PixelThreshold pixel_threshold(std::span<const float> pixels, double percent);

}  // namespace ra

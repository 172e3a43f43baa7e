#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "ra/evaluation/evaluation_results.h"
#include "ra/metrics/map_bins.h"

namespace ra {

// Pixel thresholds at 1, 2 and 5 % false positives from healthy maps, one map at a time: counts replace the maps.
class HealthyPixels {
 public:
  HealthyPixels();

  // map [S,S] float32, brain [S,S] bool; a NaN is kBadInput.
  void add(const at::Tensor& map, const at::Tensor& brain);

  // For all pixels and for brain pixels: "paper" is metrics/threshold.h's rule, the least k/1000 above which lie at
  // most so many pixels; "strict" is the least edge of a fine histogram (1/256 of an octave) at or above which lie at
  // most so many. Empty without maps.
  std::vector<HealthyMapThreshold> thresholds() const;

 private:
  static constexpr int kSteps = 1000;
  struct Counts {
    std::vector<std::int64_t> steps;  // pixels whose least k/1000 that is not below them is k
    std::vector<std::int64_t> bins;
    std::int64_t pixels = 0;
  };
  std::size_t step_of(float value) const;
  void add_thresholds(const Counts& counts, const char* pixels, std::vector<HealthyMapThreshold>& thresholds) const;

  MapBins bins_;
  std::vector<float> steps_;
  Counts all_, brain_;
};

}  // namespace ra

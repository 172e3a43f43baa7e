#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ra/base/random.h"
#include "ra/metrics/map_bins.h"
#include "ra/metrics/pixel_counts.h"

// Random input for the tests and the simulations of coverage; functions of an index.
namespace ra {

struct Cases {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
};

// `count` cases of both classes, rounded to `step`; ill cases score higher by `shift`.
inline Cases random_cases(std::uint32_t index, int count, double shift, double step = 0.25, double share_ill = 0.4) {
  CounterRandom random(7, 0, index, Purpose::kLabelShuffle);
  Cases cases;
  for (int i = 0; i < count; ++i) {
    cases.labels.push_back(i == 0 ? 0 : i == 1 ? 1 : random.chance(share_ill) ? 1 : 0);
    cases.scores.push_back(std::round((random.normal() + shift * cases.labels.back()) / step) * step);
  }
  return cases;
}

// A map [rows][columns] of noise, rounded to `step`, with up to `lesions` rectangles in which it is higher by `shift`.
struct MapCase {
  std::int64_t columns = 0, rows = 0;
  std::vector<float> map;
  std::vector<std::uint8_t> truth;

  PixelCounts count(const MapBins& bins) const { return count_pixels(map, truth, {}, columns, rows, bins); }
};

inline MapCase random_map(std::uint32_t index, std::int64_t columns, std::int64_t rows, int lesions, double shift,
                          double step = 0.0) {
  CounterRandom random(8, 0, index, Purpose::kLesion);
  MapCase result{columns, rows, std::vector<float>(static_cast<std::size_t>(columns * rows)), {}};
  result.truth.assign(result.map.size(), 0);
  for (int k = 0; k < lesions; ++k) {
    const std::int64_t left = random.below(static_cast<std::uint32_t>(columns));
    const std::int64_t top = random.below(static_cast<std::uint32_t>(rows));
    const std::int64_t right = std::min<std::int64_t>(columns, left + 1 + random.below(6));
    const std::int64_t bottom = std::min<std::int64_t>(rows, top + 1 + random.below(6));
    for (std::int64_t y = top; y < bottom; ++y) {
      for (std::int64_t x = left; x < right; ++x) result.truth[static_cast<std::size_t>(y * columns + x)] = 1;
    }
  }
  for (std::size_t i = 0; i < result.map.size(); ++i) {
    const double value = std::exp(0.7 * random.normal() + shift * result.truth[i]) * 0.05;
    result.map[i] = static_cast<float>(step > 0.0 ? std::round(value / step) * step : value);
  }
  return result;
}

}  // namespace ra

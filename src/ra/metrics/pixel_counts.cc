#include "ra/metrics/pixel_counts.h"

#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"
#include "ra/metrics/components.h"

namespace ra {
namespace {

void check(std::span<const float> map, std::span<const std::uint8_t> truth, std::span<const std::uint8_t> counted) {
  if (map.size() != truth.size() || (!counted.empty() && counted.size() != map.size())) {
    throw Error(ErrorCode::kUsage,
                fmt::format("a map of {} pixels with masks of {} and {}", map.size(), truth.size(), counted.size()));
  }
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (std::isnan(map[i]) && (counted.empty() || counted[i] != 0)) {
      throw Error(ErrorCode::kBadInput, "an anomaly map holds a value that is not a number");
    }
  }
}

}  // namespace

PixelCounts count_pixels(std::span<const float> map, std::span<const std::uint8_t> truth,
                         std::span<const std::uint8_t> counted, std::int64_t columns, std::int64_t rows,
                         const MapBins& bins) {
  check(map, truth, counted);
  std::vector<std::uint8_t> positive(truth.begin(), truth.end());
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (counted[i] == 0) positive[i] = 0;
  }
  const Components components = connected_components(positive, columns, rows);
  std::vector<BinCount> all(bins.size());
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (!counted.empty() && counted[i] == 0) continue;
    BinCount& bin = all[bins.bin(map[i])];
    if (components.labels[i] == 0) {
      ++bin.negatives;
    } else {
      ++bin.positives;
      bin.region_share += 1.0 / static_cast<double>(components.regions[components.labels[i] - 1].pixels);
    }
  }
  PixelCounts result;
  result.regions = static_cast<std::int64_t>(components.regions.size());
  for (std::uint32_t k = 0; k < all.size(); ++k) {
    if (all[k].negatives + all[k].positives == 0) continue;
    all[k].bin = k;
    result.bins.push_back(all[k]);
  }
  result.bins.shrink_to_fit();
  return result;
}

std::vector<RocStep> pooled_steps(std::span<const PixelCounts> images, const MapBins& bins) {
  std::vector<RocStep> of_bin(bins.size());
  for (const PixelCounts& image : images) {
    for (const BinCount& count : image.bins) {
      of_bin.at(count.bin).false_positives += count.negatives;
      of_bin[count.bin].true_positives += count.positives;
    }
  }
  std::vector<RocStep> steps;
  RocStep sum;
  for (auto k = static_cast<std::uint32_t>(bins.size()); k-- > 0;) {
    if (of_bin[k].false_positives + of_bin[k].true_positives == 0) continue;
    sum.score = bins.lower_edge(k);
    sum.false_positives += of_bin[k].false_positives;
    sum.true_positives += of_bin[k].true_positives;
    steps.push_back(sum);
  }
  return steps;
}

}  // namespace ra

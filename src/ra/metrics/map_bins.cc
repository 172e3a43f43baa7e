#include "ra/metrics/map_bins.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "ra/base/error.h"

namespace ra {
namespace {

// The leading bits of a float32 in an encoding that orders as the numbers do.
std::uint32_t cell_of(float value, int bits) {
  const auto pattern = std::bit_cast<std::uint32_t>(value + 0.0f);  // -0 becomes 0
  const std::uint32_t ordered = (pattern & 0x80000000u) != 0 ? ~pattern : pattern | 0x80000000u;
  return ordered >> (32 - bits);
}

void sort_numbers(std::vector<float>& values) {
  if (std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); })) {
    throw Error(ErrorCode::kBadInput, "an anomaly map holds a value that is not a number");
  }
  std::sort(values.begin(), values.end());
}

}  // namespace

MapBins::MapBins(std::vector<float> edges) : edges_(std::move(edges)) {
  for (std::size_t k = 0; k < edges_.size(); ++k) {
    if (!std::isfinite(edges_[k]) || (k > 0 && !(edges_[k - 1] < edges_[k]))) {
      throw Error(ErrorCode::kUsage, "the edges of bins must be finite and ascend");
    }
    ++first_edge_[cell_of(edges_[k], kCellBits) + 1];
  }
  for (std::size_t cell = 1; cell < first_edge_.size(); ++cell) first_edge_[cell] += first_edge_[cell - 1];
}

MapBins MapBins::logarithmic() {
  constexpr int kParts = 256, kLowest = -24, kHighest = 8;
  std::vector<float> positive;
  for (int octave = kLowest; octave < kHighest; ++octave) {
    for (int part = 0; part < kParts; ++part) {
      positive.push_back(std::ldexp(1.0f + static_cast<float>(part) / kParts, octave));
    }
  }
  positive.push_back(std::ldexp(1.0f, kHighest));
  std::vector<float> edges;
  for (auto edge = positive.rbegin(); edge != positive.rend(); ++edge) edges.push_back(-*edge);
  edges.insert(edges.end(), positive.begin(), positive.end());
  return MapBins(std::move(edges));
}

MapBins MapBins::of_ranks(std::vector<float> sample, std::size_t count) {
  if (count < 1) throw Error(ErrorCode::kUsage, "values need at least 1 bin");
  sort_numbers(sample);
  std::vector<float> edges;
  for (std::size_t k = 1; k < count; ++k) {
    const auto place = static_cast<std::size_t>(static_cast<double>(k) * static_cast<double>(sample.size()) /
                                                static_cast<double>(count));
    if (place >= sample.size() || !std::isfinite(sample[place])) continue;
    if (edges.empty() || sample[place] > edges.back()) edges.push_back(sample[place]);
  }
  return MapBins(std::move(edges));
}

MapBins MapBins::exact(std::vector<float> values) {
  sort_numbers(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return MapBins(std::move(values));
}

std::uint32_t MapBins::bin(float value) const {
  const std::uint32_t cell = cell_of(value, kCellBits);
  const auto first = edges_.begin() + first_edge_[cell], last = edges_.begin() + first_edge_[cell + 1];
  return static_cast<std::uint32_t>(std::upper_bound(first, last, value) - edges_.begin());
}

double MapBins::lower_edge(std::uint32_t bin) const {
  return bin == 0 ? -std::numeric_limits<double>::infinity() : static_cast<double>(edges_.at(bin - 1));
}

}  // namespace ra

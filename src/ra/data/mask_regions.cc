#include "ra/data/mask_regions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "ra/metrics/components.h"

namespace ra {
namespace {

constexpr int kBins = 256;
constexpr double kBrightest = 2.0;

// The bin above which Otsu's two classes differ most, of values spread over `kBins`.
int otsu_bin(const std::vector<int>& bins) {
  std::array<double, kBins> counts{};
  double total = 0.0, sum = 0.0;
  for (const int bin : bins) ++counts[static_cast<std::size_t>(bin)];
  for (int k = 0; k < kBins; ++k) {
    total += counts[static_cast<std::size_t>(k)];
    sum += k * counts[static_cast<std::size_t>(k)];
  }
  double below = 0.0, sum_below = 0.0, greatest = -1.0;
  int best = 0;
  for (int k = 0; k + 1 < kBins; ++k) {
    below += counts[static_cast<std::size_t>(k)];
    sum_below += k * counts[static_cast<std::size_t>(k)];
    if (below == 0.0 || below == total) continue;
    const double distance = sum_below / below - (sum - sum_below) / (total - below);
    const double variance = below * (total - below) * distance * distance;
    if (variance > greatest) {
      greatest = variance;
      best = k;
    }
  }
  return best;
}

// Squared distances along one line to the lower envelope of parabolas over `cost` (Felzenszwalb and Huttenlocher,
// Theory of Computing 2012).
class LineDistance {
 public:
  explicit LineDistance(std::size_t length) : places_(length), starts_(length + 1), out_(length) {}

  const std::vector<double>& run(const std::vector<double>& cost) {
    std::size_t last = 0;
    places_[0] = 0;
    starts_[0] = -INFINITY;
    starts_[1] = INFINITY;
    for (std::size_t q = 1; q < cost.size(); ++q) {
      double meet = meeting(cost, places_[last], q);
      while (meet <= starts_[last]) meet = meeting(cost, places_[--last], q);
      places_[++last] = q;
      starts_[last] = meet;
      starts_[last + 1] = INFINITY;
    }
    for (std::size_t q = 0, k = 0; q < cost.size(); ++q) {
      while (starts_[k + 1] < static_cast<double>(q)) ++k;
      const double step = static_cast<double>(q) - static_cast<double>(places_[k]);
      out_[q] = step * step + cost[places_[k]];
    }
    return out_;
  }

 private:
  static double meeting(const std::vector<double>& cost, std::size_t a, std::size_t b) {
    const auto x = static_cast<double>(a), y = static_cast<double>(b);
    return ((cost[b] + y * y) - (cost[a] + x * x)) / (2.0 * (y - x));
  }

  std::vector<std::size_t> places_;
  std::vector<double> starts_;
  std::vector<double> out_;
};

}  // namespace

OtsuSplit otsu_split(std::span<const float> values) {
  const double low = *std::min_element(values.begin(), values.end());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()) - low;
  OtsuSplit split{std::vector<std::uint8_t>(values.size(), 0), static_cast<float>(low)};
  if (!(mean > 0.0)) return split;
  std::vector<int> bins;
  bins.reserve(values.size());
  for (const float value : values) {
    bins.push_back(static_cast<int>(std::min((value - low) / (kBrightest * mean) * kBins, kBins - 1.0)));
  }
  const int threshold = otsu_bin(bins);
  for (std::size_t k = 0; k < bins.size(); ++k) split.mask[k] = bins[k] > threshold ? 1 : 0;
  split.threshold = static_cast<float>(low + (threshold + 1) * kBrightest * mean / kBins);
  return split;
}

void keep_largest_region(std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows) {
  const Components found = connected_components(mask, columns, rows);
  if (found.regions.empty()) return;
  const auto largest = std::max_element(found.regions.begin(), found.regions.end(),
                                        [](const Region& a, const Region& b) { return a.pixels < b.pixels; });
  const auto label = static_cast<std::uint32_t>(largest - found.regions.begin()) + 1;
  for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = found.labels[k] == label ? 1 : 0;
}

void fill_holes(std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows) {
  std::vector<std::uint8_t> outside(mask.size());
  for (std::size_t k = 0; k < mask.size(); ++k) outside[k] = mask[k] == 0 ? 1 : 0;
  const Components found = connected_components(outside, columns, rows, Connectivity::kFour);
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (found.labels[k] == 0) continue;
    const Region& region = found.regions[found.labels[k] - 1];
    const bool at_border =
        region.left == 0 || region.top == 0 || region.right == columns - 1 || region.bottom == rows - 1;
    if (!at_border) mask[k] = 1;
  }
}

std::vector<float> distance_to(const std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows) {
  const auto width = static_cast<std::size_t>(columns), height = static_cast<std::size_t>(rows);
  const double far = static_cast<double>((columns + rows) * (columns + rows));
  std::vector<double> squared(mask.size());
  for (std::size_t k = 0; k < mask.size(); ++k) squared[k] = mask[k] != 0 ? 0.0 : far;
  LineDistance down(height), across(width);
  std::vector<double> line(height);
  for (std::size_t column = 0; column < width; ++column) {
    for (std::size_t row = 0; row < height; ++row) line[row] = squared[row * width + column];
    const std::vector<double>& found = down.run(line);
    for (std::size_t row = 0; row < height; ++row) squared[row * width + column] = found[row];
  }
  std::vector<float> distance(mask.size());
  for (std::size_t row = 0; row < height; ++row) {
    line.assign(squared.begin() + static_cast<std::ptrdiff_t>(row * width),
                squared.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
    const std::vector<double>& found = across.run(line);
    for (std::size_t column = 0; column < width; ++column) {
      distance[row * width + column] = static_cast<float>(std::sqrt(found[column]));
    }
  }
  return distance;
}

}  // namespace ra

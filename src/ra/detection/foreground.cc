#include "ra/detection/foreground.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/components.h"

namespace ra {
namespace {

constexpr int kBins = 256;
constexpr std::int64_t kRimParts = 25;
// Values above so many times the mean count as that: bright fat would pull the threshold above the brain.
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

std::vector<std::uint8_t> brighter_than_otsu(std::span<const float> values) {
  const double low = *std::min_element(values.begin(), values.end());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()) - low;
  std::vector<std::uint8_t> mask(values.size(), 0);
  if (!(mean > 0.0)) return mask;
  std::vector<int> bins;
  for (const float value : values) {
    bins.push_back(static_cast<int>(std::min((value - low) / (kBrightest * mean) * kBins, kBins - 1.0)));
  }
  const int threshold = otsu_bin(bins);
  for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = bins[k] > threshold ? 1 : 0;
  return mask;
}

void keep_largest_region(std::vector<std::uint8_t>& mask, std::int64_t side) {
  const Components found = connected_components(mask, side, side);
  const auto largest = std::max_element(found.regions.begin(), found.regions.end(),
                                        [](const Region& a, const Region& b) { return a.pixels < b.pixels; });
  const auto label = static_cast<std::uint32_t>(largest - found.regions.begin()) + 1;
  for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = found.labels[k] == label ? 1 : 0;
}

// Sets what no path of four-connected background joins to the border.
void fill_holes(std::vector<std::uint8_t>& mask, std::int64_t side) {
  std::vector<std::uint8_t> outside(mask.size());
  for (std::size_t k = 0; k < mask.size(); ++k) outside[k] = mask[k] == 0 ? 1 : 0;
  const Components found = connected_components(outside, side, side, Connectivity::kFour);
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (found.labels[k] == 0) continue;
    const Region& region = found.regions[found.labels[k] - 1];
    const bool at_border = region.left == 0 || region.top == 0 || region.right == side - 1 || region.bottom == side - 1;
    if (!at_border) mask[k] = 1;
  }
}

// Keeps the pixels whose square of `radius` lies inside the mask; beyond the picture counts as inside.
at::Tensor erode(const at::Tensor& mask, std::int64_t radius) {
  const at::Tensor outside = mask.logical_not().to(at::kFloat).unsqueeze(0).unsqueeze(0);
  return at::max_pool2d(outside, 2 * radius + 1, 1, radius).squeeze(0).squeeze(0) == 0;
}

}  // namespace

at::Tensor foreground_mask(const at::Tensor& image) {
  if ((image.dim() != 2 && image.dim() != 3) || image.size(-1) != image.size(-2) || image.numel() == 0) {
    throw Error(ErrorCode::kUsage, "a foreground mask needs a square slice");
  }
  const std::int64_t side = image.size(-1);
  const at::Tensor gray = (image.dim() == 3 ? image.mean(0) : image).to(at::kCPU, at::kFloat).contiguous();
  std::vector<std::uint8_t> mask = brighter_than_otsu({gray.const_data_ptr<float>(), static_cast<std::size_t>(gray.numel())});
  if (std::any_of(mask.begin(), mask.end(), [](std::uint8_t inside) { return inside != 0; })) {
    fill_holes(mask, side);
    keep_largest_region(mask, side);
  }
  const at::Tensor head = at::from_blob(mask.data(), {side, side}, at::kByte).to(at::kBool).clone();
  const std::int64_t rim = side / kRimParts;
  if (rim == 0) return head;
  const at::Tensor inner = erode(head, rim);
  return inner.any().item<bool>() ? inner : head;
}

}  // namespace ra

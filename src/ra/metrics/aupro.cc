#include "ra/metrics/aupro.h"

#include <algorithm>
#include <limits>

#include "ra/base/error.h"

namespace ra {

std::vector<CurvePoint> region_overlap_curve(std::span<const PixelCounts> images, const MapBins& bins) {
  struct Sum {
    double negatives = 0.0, region_share = 0.0;
    bool occupied = false;
  };
  std::vector<Sum> of_bin(bins.size());
  double negatives = 0.0, regions = 0.0;
  for (const PixelCounts& image : images) {
    regions += static_cast<double>(image.regions);
    for (const BinCount& count : image.bins) {
      Sum& sum = of_bin.at(count.bin);
      sum.negatives += count.negatives;
      sum.region_share += count.region_share;
      sum.occupied = true;
      negatives += count.negatives;
    }
  }
  if (regions == 0.0 || negatives == 0.0) return {};
  std::vector<CurvePoint> curve{{0.0, 0.0, std::numeric_limits<double>::infinity()}};
  double above = 0.0, overlap = 0.0;
  for (auto k = static_cast<std::uint32_t>(bins.size()); k-- > 0;) {
    if (!of_bin[k].occupied) continue;
    above += of_bin[k].negatives;
    overlap += of_bin[k].region_share;
    curve.push_back({above / negatives, overlap / regions, bins.lower_edge(k)});
  }
  return curve;
}

MetricValue area_to_fpr_limit(std::span<const CurvePoint> curve, double fpr_limit) {
  if (!(fpr_limit > 0.0 && fpr_limit <= 1.0)) throw Error(ErrorCode::kUsage, "AUPRO needs a limit in (0,1]");
  if (curve.empty()) return MetricValue::undefined("no lesion region, or no negative pixel");
  double area = 0.0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const CurvePoint &a = curve[i - 1], &b = curve[i];
    if (b.x <= a.x) continue;
    const double end = std::min(b.x, fpr_limit);
    const double y_at_end = a.y + (b.y - a.y) * (end - a.x) / (b.x - a.x);
    area += 0.5 * (a.y + y_at_end) * (end - a.x);
    if (b.x >= fpr_limit) break;
  }
  return MetricValue::of(area / fpr_limit);
}

MetricValue aupro(std::span<const PixelCounts> images, const MapBins& bins, double fpr_limit) {
  return area_to_fpr_limit(region_overlap_curve(images, bins), fpr_limit);
}

}  // namespace ra

#include "ra/evaluation/case_judgement.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ra/metrics/components.h"
#include "ra/metrics/overlap.h"

namespace ra {
namespace {

constexpr double kSmallShare = 0.005, kMediumShare = 0.02;

using Mask = std::vector<std::uint8_t>;

// Brain pixels and those of the truth: a lesion may reach out of the rule's foreground.
Mask counted_pixels(const Mask& brain, const Mask& truth) {
  Mask counted = brain;
  for (std::size_t k = 0; k < counted.size(); ++k) counted[k] |= truth[k];
  return counted;
}

ImageMarks marks_of(std::span<const float> map, const Mask& truth, const Mask& counted, std::int64_t side,
                    double threshold) {
  std::vector<float> inside(map.begin(), map.end());
  for (std::size_t k = 0; k < inside.size(); ++k) {
    if (counted[k] == 0) inside[k] = -1.0f;  // never a candidate: maps are not negative, thresholds are above 0
  }
  FrocOptions froc;
  froc.threshold = threshold;
  froc.rule = HitRule::kIou;
  froc.least_overlap = kStrictIou;
  return mark_regions(inside, truth, side, side, froc);
}

// Of any component of the thresholded map, on brain pixels, with the box of `area` pixels.
double best_iou(const JudgedMaps& maps, const Mask& box, std::int64_t area, double threshold) {
  Mask kept = threshold_mask(maps.maps.front(), threshold);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    kept[k] = kept[k] != 0 && (maps.brain[k] != 0 || box[k] != 0) ? 1 : 0;
  }
  const Components components = connected_components(kept, maps.side, maps.side);
  std::vector<std::int64_t> shared(components.regions.size(), 0);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    if (components.labels[k] != 0 && box[k] != 0) ++shared[components.labels[k] - 1];
  }
  double best = 0.0;
  for (std::size_t k = 0; k < shared.size(); ++k) {
    const std::int64_t either = components.regions[k].pixels + area - shared[k];
    best = std::max(best, static_cast<double>(shared[k]) / static_cast<double>(either));
  }
  return best;
}

BoxRecord judge_box(const JudgedMaps& maps, const TruthBox& truth, double threshold) {
  BoxRecord record{truth.label, truth.box, BoxSize::kSmall, {}, {}, false};
  record.paper = localise(maps.maps.front(), values_of(truth.inside), values_of(truth.outside), threshold);
  const Mask inside = mask_of(truth.inside);
  const auto area = std::count(inside.begin(), inside.end(), 1);
  const double share = static_cast<double>(area) / static_cast<double>(inside.size());
  record.size = share < kSmallShare ? BoxSize::kSmall : share < kMediumShare ? BoxSize::kMedium : BoxSize::kLarge;
  if (area == 0) return record;
  record.strict_iou = best_iou(maps, inside, area, threshold);
  record.strict_hit = *record.strict_iou >= kStrictIou;
  return record;
}

}  // namespace

std::span<const float> values_of(const at::Tensor& plane) {
  return {plane.const_data_ptr<float>(), static_cast<std::size_t>(plane.numel())};
}

std::vector<std::uint8_t> mask_of(const at::Tensor& plane) {
  const std::span<const float> values = values_of(plane);
  Mask mask(values.size());
  for (std::size_t k = 0; k < mask.size(); ++k) mask[k] = values[k] >= 0.5f ? 1 : 0;
  return mask;
}

void judge_case(const JudgedMaps& maps, const CaseTruth& truth, const std::optional<double>& threshold,
                const MapBins& bins, CaseRecord& record) {
  if (truth.known) {
    const Mask mask = mask_of(truth.mask), counted = counted_pixels(maps.brain, mask);
    for (const std::span<const float> map : maps.maps) {
      record.pixels.push_back(count_pixels(map, mask, counted, maps.side, maps.side, bins));
    }
    if (threshold) {
      const std::span<const float> map = maps.maps.front();
      record.dice = dice(compare_masks(threshold_mask(map, *threshold), mask, counted)).value;
      record.marks = marks_of(map, mask, counted, maps.side, *threshold);
    }
  }
  if (!threshold) return;
  for (const TruthBox& box : truth.boxes) record.boxes.push_back(judge_box(maps, box, *threshold));
}

}  // namespace ra

#include "ra/metrics/localization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra {

std::vector<float> rasterise_boxes(std::span<const Box> boxes, std::int64_t columns, std::int64_t rows) {
  if (columns < 0 || rows < 0) throw Error(ErrorCode::kUsage, "a mask cannot have a negative side");
  std::vector<float> mask(static_cast<std::size_t>(columns * rows), 0.0f);
  for (const Box& box : boxes) {
    // Far-away corners are cut before they are added, so that a sum cannot overflow.
    const auto first = [](std::int64_t start, std::int64_t side) { return std::clamp<std::int64_t>(start, 0, side); };
    const auto last = [](std::int64_t start, std::int64_t length, std::int64_t side) {
      if (length <= 0 || start >= side) return std::int64_t{0};
      if (start >= 0) return start + std::min(length, side - start);
      return std::clamp<std::int64_t>(start + length, 0, side);
    };
    const std::int64_t left = first(box.x, columns), right = last(box.x, box.width, columns);
    if (right <= left) continue;
    for (std::int64_t y = first(box.y, rows); y < last(box.y, box.height, rows); ++y) {
      std::fill(mask.begin() + y * columns + left, mask.begin() + y * columns + right, 1.0f);
    }
  }
  return mask;
}

BoxOutcome localise(std::span<const float> map, std::span<const float> box, std::span<const float> counted_outside,
                    double threshold) {
  if (map.size() != box.size() || map.size() != counted_outside.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("a map of {} pixels with masks of {} and {}", map.size(), box.size(),
                                               counted_outside.size()));
  }
  BoxOutcome outcome;
  const auto limit = static_cast<float>(threshold);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float kept = map[i] < limit ? 0.0f : map[i];
    const float inside = kept * box[i];
    outcome.sum_inside += inside;
    if (inside != 0.0f) ++outcome.hit_pixels;
    if (box[i] != 0.0f) ++outcome.mask_pixels;
    if (counted_outside[i] > 0.5f) outcome.sum_outside += kept;
  }
  const bool hit = static_cast<double>(outcome.hit_pixels) > 0.1 * static_cast<double>(outcome.mask_pixels);
  outcome.tp = outcome.recall = hit ? 1 : 0;
  outcome.fp = static_cast<std::int64_t>(std::floor(outcome.sum_outside / std::max(outcome.sum_inside, 1.0)));
  outcome.precision = outcome.tp / static_cast<double>(std::max<std::int64_t>(outcome.tp + outcome.fp, 1));
  outcome.f1 = 2.0 * outcome.precision * outcome.recall / (outcome.precision + outcome.recall + 1e-8);
  return outcome;
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ra {

// A box in pixels: columns x .. x + width - 1, rows y .. y + height - 1; may lie partly or wholly outside.
struct Box {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
};

// Mask [rows][columns]: 1 inside any box, 0 elsewhere. A box without area covers nothing.
std::vector<float> rasterise_boxes(std::span<const Box> boxes, std::int64_t columns, std::int64_t rows);

// What the paper's rule says about one box.
struct BoxOutcome {
  int tp = 0;              // 1 if more than 10 % of the mask's non-zero pixels hold a kept, non-zero value
  std::int64_t fp = 0;     // floor(sum_outside / max(sum_inside, 1)): a ratio of sums, not a number of regions
  int recall = 0;          // tp
  double precision = 0.0;  // tp / max(tp + fp, 1)
  double f1 = 0.0;         // 2 precision recall / (precision + recall + 1e-8)
  std::int64_t hit_pixels = 0;
  std::int64_t mask_pixels = 0;
  double sum_inside = 0.0;   // of kept values times the box mask
  double sum_outside = 0.0;  // of kept values in the counted-outside mask
};

// Judges one box (REFERENCE.md, "Localization", mode `paper`). All are [rows][columns] of one size, kUsage if
// not. `box` may be fractional, any non-zero value is inside; `counted_outside` counts where it exceeds 0.5. A
// pixel is kept if its value is at least float32(threshold).
BoxOutcome localise(std::span<const float> map, std::span<const float> box, std::span<const float> counted_outside,
                    double threshold);

}  // namespace ra

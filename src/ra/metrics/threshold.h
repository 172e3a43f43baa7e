#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace ra {

// A pixel threshold and the mean share of healthy pixels above it.
struct HealthyThreshold {
  double threshold = 0.0;
  double mean_percent = 0.0;  // in [0,100], of pixels > float32(threshold)
};

// The smallest of k / steps, k = 0 .. steps - 1, above which lie at most `percent` of the pixels of the healthy
// maps (all of one size, so the mean share over maps is the share over all). {0, 0} if even the largest candidate
// flags more, as the reference has it; nullopt without maps. A value that is no number is kBadInput.
std::optional<HealthyThreshold> healthy_threshold(std::span<const float> maps, double percent, int steps = 1000);

}  // namespace ra

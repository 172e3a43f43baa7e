#pragma once

#include <cstdint>
#include <span>

namespace ra {

// Structural similarity of two images [rows][columns] (Wang et al., IEEE TIP 2004) as scikit-image computes it:
// uniform 7x7 window, sample covariance, K1 0.01, K2 0.03, data range 1, mean without the 3-pixel border.
// In [-1,1]; both sides at least 7 (kUsage otherwise).
double ssim(std::span<const float> first, std::span<const float> second, std::int64_t columns, std::int64_t rows);

}  // namespace ra

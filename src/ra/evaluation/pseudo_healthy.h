#pragma once

#include "ra/evaluation/case_statistics.h"

namespace ra {

// How well pseudo-healthy images rebuild each set: protocol "reconstruction", mean MAE, MSE, PSNR, SSIM and perceptual
// distance. (The reference prints the MAE under the name MSE, and LPIPS by AlexNet.)
void add_reconstruction(EvaluationResults& results, const BootstrapOptions& options);

}  // namespace ra

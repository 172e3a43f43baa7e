#pragma once

#include "ra/evaluation/case_statistics.h"

namespace ra {

// How well pseudo-healthy images rebuild each set: protocol "reconstruction", mean MAE, MSE, PSNR and SSIM. (The
// reference prints the MAE under the name MSE.)
void add_reconstruction(EvaluationResults& results, const BootstrapOptions& options);

}  // namespace ra

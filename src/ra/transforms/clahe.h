#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// Contrast-limited adaptive histogram equalisation as scikit-image's equalize_adapthist with defaults (kernel 1/8
// of each side, clip limit 0.01, 256 bins; Zuiderveld, Graphics Gems IV, 1994). float32 [N,H,W] (or [H,W]) in
// [-1,1] -> the same shape in [0,1]; a constant image becomes all ones. kBadInput for values outside [-1,1].
at::Tensor clahe(const at::Tensor& images);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// Contrast-limited adaptive histogram equalisation as scikit-image's equalize_adapthist with defaults (kernel 1/8
// of each side, clip limit 0.01, 256 bins; Zuiderveld, Graphics Gems IV, 1994). float32 [N,H,W] (or [H,W]) in
// [-1,1] -> the same shape in [0,1]; every image by itself; a constant image becomes all ones. kBadInput for
// values outside [-1,1] or NaN.
at::Tensor clahe(const at::Tensor& images);

// What clahe computes on its way, for one image.
struct ClaheStages {
  at::Tensor codes;   // [H,W] int32, the 14-bit input, 0..16383
  at::Tensor maps;    // [TY,TX,256] int32, the gray-level mapping of each tile
  at::Tensor mapped;  // [H,W] int32, the interpolated 14-bit output
  at::Tensor result;  // [H,W] float32 in [0,1]
};

// float32 [H,W] in [-1,1].
ClaheStages clahe_stages(const at::Tensor& image);

}  // namespace ra

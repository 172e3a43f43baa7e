#pragma once

#include <ATen/core/Tensor.h>

#include "ra/image/image.h"

namespace ra::parity {

// A float array [H,W] as the image that a reader would give.
Image image_of(const at::Tensor& array);

}  // namespace ra::parity

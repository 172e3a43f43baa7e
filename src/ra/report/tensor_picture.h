#pragma once

#include <ATen/core/Tensor.h>

#include "ra/report/picture.h"

namespace ra {

// [S,S], or [C,S,S] averaged over its channels, as a picture.
FloatPicture tensor_picture(const at::Tensor& tensor);

}  // namespace ra

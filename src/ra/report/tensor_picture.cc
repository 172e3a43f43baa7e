#include "ra/report/tensor_picture.h"

#include <ATen/ATen.h>

namespace ra {

FloatPicture tensor_picture(const at::Tensor& tensor) {
  const at::Tensor plane = (tensor.dim() == 3 ? tensor.mean(0) : tensor).to(at::kFloat).contiguous();
  return {plane.size(1), plane.size(0), {plane.data_ptr<float>(), plane.data_ptr<float>() + plane.numel()}};
}

}  // namespace ra

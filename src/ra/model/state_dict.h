#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace ra {

// One named tensor. In a model's own list `tensor` shares storage with the model.
struct NamedTensor {
  std::string name;  // "encoder.main.0.weight"
  at::Tensor tensor;
  bool trained = true;  // false for batch norm's running statistics and counters
};

// Tensors in the order in which PyTorch's state_dict() lists them.
using StateDict = std::vector<NamedTensor>;

// The tensor called `name`, or an undefined one.
at::Tensor find_tensor(const StateDict& state, const std::string& name);

}  // namespace ra

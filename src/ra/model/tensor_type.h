#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <span>
#include <string_view>

namespace ra {

// An element type that checkpoints may hold, and its names.
struct TensorType {
  at::ScalarType type;
  std::string_view name;         // "float32"
  std::string_view torch;        // of its storage class in module torch: "FloatStorage"
  std::string_view safetensors;  // "F32"
};

// To let checkpoints hold one more type, add a line to the table in tensor_type.cc.
std::span<const TensorType> tensor_types();

// The entry of a type that a tensor of ours has; kBadInput for one that no checkpoint holds.
const TensorType& tensor_type(at::ScalarType type);

}  // namespace ra

#include "ra/model/tensor_type.h"

#include <array>
#include <string>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr std::array kTypes = {
    TensorType{at::kFloat, "float32", "FloatStorage", "F32"},
    TensorType{at::kDouble, "float64", "DoubleStorage", "F64"},
    TensorType{at::kHalf, "float16", "HalfStorage", "F16"},
    TensorType{at::kBFloat16, "bfloat16", "BFloat16Storage", "BF16"},
    TensorType{at::kLong, "int64", "LongStorage", "I64"},
    TensorType{at::kInt, "int32", "IntStorage", "I32"},
    TensorType{at::kShort, "int16", "ShortStorage", "I16"},
    TensorType{at::kChar, "int8", "CharStorage", "I8"},
    TensorType{at::kByte, "uint8", "ByteStorage", "U8"},
    TensorType{at::kBool, "bool", "BoolStorage", "BOOL"},
};

}  // namespace

std::span<const TensorType> tensor_types() { return kTypes; }

const TensorType& tensor_type(at::ScalarType type) {
  for (const TensorType& entry : kTypes) {
    if (entry.type == type) return entry;
  }
  throw Error(ErrorCode::kBadInput, std::string("a checkpoint cannot hold tensors of type ") + c10::toString(type));
}

}  // namespace ra

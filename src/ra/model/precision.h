#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace ra {

// The arithmetic of convolutions and matrix products. kFp32 is the exact mode. kBf16 rounds their inputs to bfloat16
// (8 bits of mantissa) and keeps weights, statistics and losses in float32, as PyTorch's autocast does.
enum class Precision { kFp32, kBf16 };

// "fp32" or "bf16"; kUsage for anything else.
Precision precision_from_string(const std::string& text);
std::string to_string(Precision precision);

// Whether this processor multiplies bfloat16 in hardware (AVX512-BF16 or AMX). Without, bf16 is right but slow.
bool has_bf16_units();

// While it lives, the calling thread's convolutions and matrix products on `device` run in `precision`.
class PrecisionGuard {
 public:
  PrecisionGuard(Precision precision, at::DeviceType device);
  ~PrecisionGuard();
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType previous_;
};

}  // namespace ra

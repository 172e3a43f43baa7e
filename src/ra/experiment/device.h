#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace ra {

// The device that "auto", "cpu" or "cuda" means here: auto is CUDA where a GPU can be used, else the CPU.
// LibTorch's CUDA library is loaded at run time, on the first call that asks for it, so that one program serves
// machines with and without a GPU. kUnsupported with the remedy when cuda is asked for and cannot be had; kUsage
// for another word.
at::Device resolve_device(std::string_view choice);

}  // namespace ra

#include "ra/experiment/device.h"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

#include "ra/base/error.h"

namespace ra {
namespace {

// Why CUDA cannot be used, with the remedy; empty if it can. The driver is looked for first: without one there
// is no need to load two gigabytes of library.
std::string cuda_obstacle() {
  if (::dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return "no NVIDIA driver was found; install one, or use --device cpu";
  }
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return fmt::format("LibTorch's CUDA library cannot be loaded ({}); run scripts/setup --cuda, or use --device cpu",
                       ::dlerror());
  }
  if (!at::hasCUDA()) return "the NVIDIA driver offers no usable GPU; check nvidia-smi, or use --device cpu";
  return "";
}

}  // namespace

at::Device resolve_device(std::string_view choice) {
  if (choice == "cpu") return at::Device(at::kCPU);
  if (choice != "auto" && choice != "cuda") {
    throw Error(ErrorCode::kUsage, fmt::format("unknown device '{}': use auto, cpu or cuda", choice));
  }
  static const std::string obstacle = cuda_obstacle();
  if (obstacle.empty()) {
    // cuDNN rounds the inputs of float32 convolutions to TF32 (10 bits of mantissa) unless it is told not to.
    at::globalContext().setAllowTF32CuDNN(false);
    return at::Device(at::kCUDA, 0);
  }
  if (choice == "cuda") throw Error(ErrorCode::kUnsupported, "device cuda was asked for, but " + obstacle);
  return at::Device(at::kCPU);
}

}  // namespace ra

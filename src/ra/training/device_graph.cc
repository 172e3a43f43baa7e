#include "ra/training/device_graph.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "ra/base/error.h"

namespace ra {

std::unique_ptr<DeviceGraph> make_cuda_graph() {
  std::error_code unknown;  // then the loader looks where it looks for others
  const auto file = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path() / "libra_cuda.so";
  void* library = ::dlopen(file.c_str(), RTLD_NOW);
  void* make = library == nullptr ? nullptr : ::dlsym(library, "ra_make_cuda_graph");
  if (make == nullptr) throw Error(ErrorCode::kUnsupported, fmt::format("CUDA graphs cannot be had: {}", ::dlerror()));
  return std::unique_ptr<DeviceGraph>(reinterpret_cast<DeviceGraph* (*)()>(make)());
}

}  // namespace ra

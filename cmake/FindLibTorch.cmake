# Finds LibTorch as the PyPI wheel lays it out, without the CUDA toolkit that find_package(Torch) asks for.
# Input: RA_TORCH_ROOT (cache or environment), default .deps/libtorch/torch. Output: target LibTorch::LibTorch.
if(NOT RA_TORCH_ROOT)
  set(RA_TORCH_ROOT "$ENV{RA_TORCH_ROOT}")
endif()
if(NOT RA_TORCH_ROOT)
  set(RA_TORCH_ROOT "${CMAKE_SOURCE_DIR}/.deps/libtorch/torch")
endif()

find_path(LibTorch_INCLUDE_DIR ATen/ATen.h PATHS "${RA_TORCH_ROOT}/include" NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS "${RA_TORCH_ROOT}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS "${RA_TORCH_ROOT}/lib" NO_DEFAULT_PATH)
# Optional, for the part that a program loads beside a GPU: CUDA's headers lie beside the wheel's folder.
find_library(LibTorch_CUDA_LIBRARY torch_cuda PATHS "${RA_TORCH_ROOT}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda PATHS "${RA_TORCH_ROOT}/lib" NO_DEFAULT_PATH)
find_path(LibTorch_CUDA_INCLUDE_DIR crt/host_config.h PATHS "${RA_TORCH_ROOT}/../nvidia/cu13/include" NO_DEFAULT_PATH)
if(LibTorch_INCLUDE_DIR)
  # A version that no header tells counts as 0: find_package would take an empty one for a good one.
  set(LibTorch_VERSION 0)
  set(version_header "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
  if(EXISTS "${version_header}")
    foreach(part MAJOR MINOR PATCH)
      file(STRINGS "${version_header}" line REGEX "define TORCH_VERSION_${part} ")
      string(REGEX REPLACE ".* ([0-9]+).*" "\\1" version_${part} "${line}")
    endforeach()
    set(LibTorch_VERSION "${version_MAJOR}.${version_MINOR}.${version_PATCH}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup, or set RA_TORCH_ROOT to a LibTorch folder")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  # Last in the search order: the folder carries its own fmt, which would shadow Debian's and break spdlog.
  target_compile_options(LibTorch::LibTorch INTERFACE "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}")
  target_link_libraries(LibTorch::LibTorch INTERFACE "${LibTorch_CPU_LIBRARY}" "${LibTorch_C10_LIBRARY}")
endif()

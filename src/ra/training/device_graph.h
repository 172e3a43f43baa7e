#pragma once

#include <functional>
#include <memory>

namespace ra {

// Work of a device that is recorded once and given to it again as a whole, which spares the processor thousands of
// calls a step (CUDA graphs, Nvidia). What is recorded must use the same memory every time and wait for nothing.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  // Does work without recording it, in the device's order of what is recorded. Work that is to be recorded must have
  // run so a few times, for libraries to choose their kernels and take their memory.
  virtual void run(const std::function<void()>& work) = 0;
  // Calls work() once, records what it gives to the device, and has the device do it.
  virtual void record(const std::function<void()>& work) = 0;
  // Has the device do again what was recorded.
  virtual void replay() = 0;
};

// A CUDA graph. It comes from libra_cuda.so, which lies beside the program and is loaded by the first call, so that the
// program itself needs no CUDA; resolve_device() must have loaded LibTorch's CUDA library before. kUnsupported with the
// reason where it cannot be had.
std::unique_ptr<DeviceGraph> make_cuda_graph();

}  // namespace ra

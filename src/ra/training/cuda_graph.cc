// libra_cuda.so: DeviceGraph by CUDA graphs, the only part of `ra` that is compiled against CUDA's headers.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "ra/training/device_graph.h"

namespace ra {
namespace {

// What is given to `then` from here on waits for what `first` has been given so far; the processor does not.
void order(const c10::Stream& first, const c10::Stream& then) {
  c10::Event event(c10::DeviceType::CUDA);
  event.record(first);
  event.block(then);
}

class CudaGraph : public DeviceGraph {
 public:
  // A stream of its own: nothing can be recorded on the default one.
  CudaGraph() : cuda_(c10::DeviceType::CUDA), stream_(cuda_.getNewStream(cuda_.getDevice())) {}

  void run(const std::function<void()>& work) override {
    const c10::Stream around = cuda_.getStream(cuda_.getDevice());
    order(around, stream_);
    {
      const c10::StreamGuard guard(stream_);
      work();
    }
    order(stream_, around);
  }

  void record(const std::function<void()>& work) override {
    run([&] {
      // Other threads may go on using the device: they save states and lock pages for batches.
      graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        try {
          graph_.capture_end();  // ends the recording, and says that it is of no use
        } catch (const std::exception&) {
        }
        throw;
      }
      graph_.capture_end();
      graph_.replay();
    });
  }

  void replay() override {
    run([this] { graph_.replay(); });
  }

 private:
  c10::impl::VirtualGuardImpl cuda_;
  c10::Stream stream_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace ra

extern "C" ra::DeviceGraph* ra_make_cuda_graph() { return new ra::CudaGraph; }

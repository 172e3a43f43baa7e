#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>
#include <openvino/runtime/compiled_model.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <vector>

#include "ra/detection/inference_backend.h"

namespace ra {

// A graph that OpenVINO has compiled for this processor. For the OpenVINO backend's sources alone.
class CompiledGraph {
 public:
  // From the cache on disk where it was compiled before (openvino_cache.h). kUnsupported where the processor does not
  // compute in `precision`.
  CompiledGraph(const std::shared_ptr<ov::Model>& model, Precision precision, const OpenvinoThreads& threads);

  // Contiguous float32 on the CPU, of the graph's shapes. Several threads may run it at the same time.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

 private:
  ov::InferRequest take() const;

  mutable ov::CompiledModel compiled_;
  mutable std::mutex mutex_;
  mutable std::vector<ov::InferRequest> idle_;  // one a thread that has ever run it
};

}  // namespace ra

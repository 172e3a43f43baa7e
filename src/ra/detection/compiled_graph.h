#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>
#include <openvino/runtime/compiled_model.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <optional>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/detection/inference_backend.h"
#include "ra/detection/openvino_graph.h"

namespace ra {

// A graph that OpenVINO has compiled for this processor. For the OpenVINO backend's sources alone.
class CompiledGraph {
 public:
  // As it was kept where it was compiled before (result_cache.h). kUnsupported where the processor does not
  // compute in `precision`.
  CompiledGraph(const Graph& graph, Precision precision, const OpenvinoThreads& threads);

  // Contiguous float32 on the CPU, of the graph's shapes. Several threads may run it at the same time.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

 private:
  void compile(const Graph& graph, const ov::AnyMap& settings);
  ov::InferRequest take() const;

  std::optional<SharedBytes> kept_;  // in which compiled_ has its weights
  mutable ov::CompiledModel compiled_;
  mutable std::mutex mutex_;
  mutable std::vector<ov::InferRequest> idle_;  // one a thread that has ever run it
};

}  // namespace ra

#include "ra/detection/compiled_graph.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <exception>
#include <openvino/runtime/core.hpp>
#include <openvino/runtime/intel_cpu/properties.hpp>
#include <openvino/runtime/properties.hpp>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/detection/openvino_cache.h"

namespace ra {
namespace {

// Never destroyed: its plug-ins' threads may outlive static objects.
ov::Core& core() {
  static auto* const one = new ov::Core;
  return *one;
}

ov::AnyMap settings_of(Precision precision, const OpenvinoThreads& threads) {
  return {ov::hint::inference_precision(precision == Precision::kBf16 ? ov::element::bf16 : ov::element::f32),
          ov::num_streams(threads.streams), ov::inference_num_threads(threads.threads),
          // A pinned stream waits for its core while another process has it, though the next is free.
          ov::hint::enable_cpu_pinning(false),
          // It would change how the calling thread's own sums round.
          ov::intel_cpu::denormals_optimization(false)};
}

ov::CompiledModel compiled(const std::shared_ptr<ov::Model>& model, ov::AnyMap settings) {
  const auto cache = open_openvino_cache();
  if (cache) settings.insert(ov::cache_dir(cache->folder.string()));
  // A mapped file that is written anew in place would change under a process that computes with it.
  settings.insert(ov::enable_mmap(false));
  return core().compile_model(model, "CPU", settings);
}

// OpenVINO's errors as ours.
template <class Work>
auto translated(const char* what, Work&& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kFailed, fmt::format("OpenVINO cannot {}: {}", what, error.what()));
  }
}

}  // namespace

void load_openvino() noexcept {
  try {
    core().get_property("CPU", ov::device::full_name);
  } catch (const std::exception& error) {
    log::debug("OpenVINO cannot be loaded: {}", error.what());  // whoever uses it says so
  }
}

CompiledGraph::CompiledGraph(const std::shared_ptr<ov::Model>& model, Precision precision,
                             const OpenvinoThreads& threads)
    : compiled_(translated("compile the network", [&] {
        return compiled(model, settings_of(precision, threads));
      })) {
  const bool in_bf16 = compiled_.get_property(ov::hint::inference_precision) == ov::element::bf16;
  if (in_bf16 != (precision == Precision::kBf16)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("OpenVINO does not compute in {} on this processor: use --precision {}",
                            to_string(precision), in_bf16 ? "bf16" : "fp32"));
  }
}

ov::InferRequest CompiledGraph::take() const {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return compiled_.create_infer_request();
  ov::InferRequest request = std::move(idle_.back());
  idle_.pop_back();
  return request;
}

std::vector<at::Tensor> CompiledGraph::run(const std::vector<at::Tensor>& inputs) const {
  return translated("run the network", [&] {
    ov::InferRequest request = take();
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const ov::Shape shape(inputs[k].sizes().begin(), inputs[k].sizes().end());
      request.set_input_tensor(k, ov::Tensor(ov::element::f32, shape, inputs[k].data_ptr()));
    }
    request.infer();
    std::vector<at::Tensor> outputs;
    for (std::size_t k = 0; k < compiled_.outputs().size(); ++k) {
      ov::Tensor tensor = request.get_output_tensor(k);
      const std::vector<std::int64_t> shape(tensor.get_shape().begin(), tensor.get_shape().end());
      outputs.push_back(at::from_blob(tensor.data(), shape, at::kFloat).clone());
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(request));
    return outputs;
  });
}

}  // namespace ra

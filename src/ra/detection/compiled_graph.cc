#include "ra/detection/compiled_graph.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <openvino/core/version.hpp>
#include <openvino/runtime/core.hpp>
#include <openvino/runtime/intel_cpu/properties.hpp>
#include <openvino/runtime/properties.hpp>
#include <ostream>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/result_cache.h"

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

// A graph's compiled form depends on all of these.
std::string name_of_compiled(const Graph& graph, const ov::AnyMap& settings) {
  std::string text = fmt::format("OpenVINO {} {} {}", graph.name, ov::get_openvino_version().buildNumber,
                                 core().get_property("CPU", ov::device::full_name));
  for (const std::string& unit : core().get_property("CPU", ov::device::capabilities)) text += " " + unit;
  for (const auto& [name, value] : settings) text += fmt::format(" {} {}", name, value.as<std::string>());
  if (const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA"); limit != nullptr) text += fmt::format(" {}", limit);
  return text;
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

CompiledGraph::CompiledGraph(const Graph& graph, Precision precision, const OpenvinoThreads& threads) {
  translated("compile the network", [&] { compile(graph, settings_of(precision, threads)); });
  const bool in_bf16 = compiled_.get_property(ov::hint::inference_precision) == ov::element::bf16;
  if (in_bf16 != (precision == Precision::kBf16)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("OpenVINO does not compute in {} on this processor: use --precision {}",
                            to_string(precision), in_bf16 ? "bf16" : "fp32"));
  }
}

void CompiledGraph::compile(const Graph& graph, const ov::AnyMap& settings) {
  const std::string name = name_of_compiled(graph, settings);
  kept_ = find_result(name);
  if (kept_) {
    try {
      const ov::Tensor bytes(ov::element::u8, {kept_->bytes.size()}, kept_->bytes.data());
      compiled_ = core().import_model(bytes, "CPU", settings);
      return;
    } catch (const std::exception& error) {
      log::debug("a compiled network that was kept cannot be used: {}", error.what());
      kept_.reset();
    }
  }
  compiled_ = core().compile_model(graph.make(), "CPU", settings);
  keep_result(name, [&](std::ostream& out) { compiled_.export_model(out); });
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

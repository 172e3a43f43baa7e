#include "ra/detection/openvino_forward.h"

#include <memory>
#include <openvino/core/model.hpp>

#include "ra/detection/compiled_graph.h"
#include "ra/detection/openvino_graph.h"

namespace ra {

std::function<at::Tensor(const at::Tensor&)> make_openvino_forward(const ScreeningModel& model, Precision precision,
                                                                   const OpenvinoThreads& threads) {
  const std::shared_ptr<ov::Model> whole = reconstruction_graph(model);
  const auto network = std::make_shared<ov::Model>(ov::ResultVector{whole->get_results()[0]}, whole->get_parameters());
  auto compiled = std::make_shared<CompiledGraph>(network, precision, threads);
  return [compiled](const at::Tensor& slice) { return compiled->run({slice})[0]; };
}

}  // namespace ra

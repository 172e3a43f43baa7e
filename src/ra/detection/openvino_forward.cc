#include "ra/detection/openvino_forward.h"

#include <memory>
#include <openvino/core/model.hpp>

#include "ra/detection/compiled_graph.h"
#include "ra/detection/openvino_graph.h"

namespace ra {

std::function<at::Tensor(const at::Tensor&)> make_openvino_forward(const ScreeningModel& model, Precision precision,
                                                                   const OpenvinoThreads& threads) {
  const Graph whole = reconstruction_graph(model);
  const Graph network{"forward alone of " + whole.name, [&whole] {
                        const std::shared_ptr<ov::Model> made = whole.make();
                        return std::make_shared<ov::Model>(ov::ResultVector{made->get_results()[0]},
                                                           made->get_parameters());
                      }};
  auto compiled = std::make_shared<CompiledGraph>(network, precision, threads);
  return [compiled](const at::Tensor& slice) { return compiled->run({slice})[0]; };
}

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "ra/detection/inference_backend.h"

namespace ra {

// The network alone, as the OpenVINO backend computes it within a slice's screening: slice [1,C,S,S] float32 in [0,1]
// on the CPU -> reconstruction by the latent rule, the same shape in (0,1). For timing; several threads may call it.
// kUnsupported as make_openvino_backend.
std::function<at::Tensor(const at::Tensor&)> make_openvino_forward(const ScreeningModel& model, Precision precision,
                                                                   const OpenvinoThreads& threads);

}  // namespace ra

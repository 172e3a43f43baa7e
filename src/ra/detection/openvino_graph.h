#pragma once

#include <memory>

#include "ra/detection/inference_backend.h"

namespace ov {
class Model;
}

namespace ra {

// The parts of screening that run in OpenVINO, as graphs of static shape for one slice [1,C,S,S] in [0,1]; CLAHE and
// the Gaussian lie between and after them. Batch norm is folded into convolutions.

// The largest number of draws that a graph holds.
inline constexpr int kLargestGraphDraws = 64;

// slice -> reconstruction by the latent rule [1,C,S,S]; perceptual distance of slice and reconstruction [1,1,S,S]; mean and
// log-variance of the posterior, [1,Z] each.
std::shared_ptr<ov::Model> reconstruction_graph(const ScreeningModel& model);

// Two images -> their perceptual distance [1,1,S,S].
std::shared_ptr<ov::Model> distance_graph(const ScreeningModel& model);

// z [1,Z] -> image [1,C,S,S].
std::shared_ptr<ov::Model> decoder_graph(const ReversedAutoencoder& network);

}  // namespace ra

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ra/detection/inference_backend.h"

namespace ov {
class Model;
}

namespace ra {

// The parts of screening that run in OpenVINO, as graphs of static shape for one slice [1,C,S,S] in [0,1]; CLAHE and
// the Gaussian lie between and after them. Batch norm is folded into convolutions.

// The largest number of draws that a graph holds.
inline constexpr int kLargestGraphDraws = 64;

// A graph that is made only where it has to be compiled.
struct Graph {
  std::string name;  // tells what it computes, with which weights, from everything else that this program computes
  std::function<std::shared_ptr<ov::Model>()> make;
};

// slice -> reconstruction by the latent rule [1,C,S,S]; perceptual distance of slice and reconstruction [1,1,S,S]; mean
// and log-variance of the posterior, [1,Z] each.
Graph reconstruction_graph(const ScreeningModel& model);

// Two images -> their perceptual distance [1,1,S,S].
Graph distance_graph(const ScreeningModel& model);

// z [1,Z] -> image [1,C,S,S].
Graph decoder_graph(const ScreeningModel& model);

}  // namespace ra

#pragma once

#include <cstdint>
#include <vector>

#include "ra/detection/openvino_layers.h"
#include "ra/model/perceptual.h"

namespace ra::graph {

// The distances of model/perceptual.h as nodes: two [1,C,S,S] in [0,1] -> [1,1,S,S].

// LPIPS; kBadInput when a weight is missing.
Nodes squeezenet_distance(const SqueezenetWeights& weights, const Nodes& first, const Nodes& second);

// In embeddings of both images, one a level.
Nodes encoder_distance(const std::vector<Nodes>& first, const std::vector<Nodes>& second, std::int64_t side);

}  // namespace ra::graph

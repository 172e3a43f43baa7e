#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "ra/model/reversed_autoencoder.h"

namespace ra::parity {

// The network that a case's parameters describe.
inline ModelOptions options_of_case(const nlohmann::json& params) {
  ModelOptions options;
  options.latent_size = params.at("latent");
  options.channels = params.at("channels").get<std::vector<int>>();
  options.image_size = params.at("image_size");
  options.expand_equal_channels = params.at("expand_equal_channels");
  return options;
}

}  // namespace ra::parity

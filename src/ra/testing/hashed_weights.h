#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "ra/model/reversed_autoencoder.h"

namespace ra::testing {

// The number in [0,1) of a tensor's name and flat index: a 64-bit hash (splitmix64) of crc32(name) and the index.
double hash_uniform(const std::string& name, std::uint32_t index);

// Weights that need no file: values of a sensible scale for the kind of tensor that the name says, float32, or
// int64 zeros for num_batches_tracked. The parity files were made with the same ones.
at::Tensor hashed_tensor(const std::string& name, at::IntArrayRef shape);

// Gives every tensor of the model its hashed values.
void load_hashed_weights(ReversedAutoencoder& model);

}  // namespace ra::testing

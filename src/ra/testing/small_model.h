#pragma once

#include <cstdint>
#include <filesystem>

#include "ra/model/model_file.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra::testing {

// The shape of a network that computes in a moment: 32x32 pixels, three levels, 8 latent numbers.
ModelOptions small_shape();

// A network of that shape with random weights, as read_model_file would give it for a file of the reference.
ModelFile small_model_file(std::uint64_t seed = 1);

// Writes the same as a checkpoint of the reference's trainer.
void write_small_model(const std::filesystem::path& path);

}  // namespace ra::testing

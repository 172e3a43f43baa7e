#pragma once

#include <cstdint>
#include <filesystem>

#include "ra/model/model_file.h"
#include "ra/training/introspective_step.h"

namespace ra {

// What a training checkpoint says beside weights and optimisers.
struct TrainingFacts {
  std::int64_t epoch = 0;  // finished epochs, warm-up included
  std::uint64_t seed = 0;  // below 2^63
  double validation_error = 0.0;  // squared error by the file's latent rule; not finite before the first validation
};

// Writes, atomically, the reference's layout {model_weights, optimizer_e_weights, optimizer_d_weights, epoch} and
// beside it `ra`: what read_model_file() reads, the shape of the network, the facts, and the program's version.
// Tensors are stored contiguous and on the CPU. kIo when the file cannot be written.
void write_training_checkpoint(const std::filesystem::path& path, const ModelFile& file, const IntrospectiveStep& step,
                               const TrainingFacts& facts);

}  // namespace ra

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/model/model_file.h"
#include "ra/training/introspective_step.h"
#include "ra/training/run_state.h"
#include "ra/training/weight_average.h"

namespace ra {

// What a training checkpoint says in words beside weights and optimisers.
struct TrainingFacts {
  std::uint64_t seed = 0;         // below 2^63
  double validation_error = 0.0;  // squared error by the file's latent rule; not finite before the first validation
};

// What a training leaves behind, as the content of a .pt file: the reference's layout {model_weights,
// optimizer_e_weights, optimizer_d_weights, epoch (finished ones)}, and beside it
//   trained_weights  the weights that the optimisers move, where model_weights are their average;
//   ra               what read_model_file() reads, the shape of the network, the facts, the program's version;
//   run_state        RunState as JSON text.
// Every tensor is a copy of its own, contiguous and on the CPU, so that it may be written while the training goes on.
CheckpointValue training_checkpoint(const ModelFile& file, const ReversedAutoencoder& trained,
                                    const IntrospectiveStep& step, const TrainingFacts& facts, const RunState& state);

// Such a file, or one of the reference, read back.
struct TrainingCheckpoint {
  std::filesystem::path path;
  Checkpoint content;
  std::optional<RunState> state;  // absent in files of the reference and of other programs

  // Finished epochs that the file speaks of. The reference counts from 0.
  std::int64_t epochs() const;
};

// kBadInput when the file is broken.
TrainingCheckpoint read_training_checkpoint(const std::filesystem::path& path);

// Puts its weights, moments and steps in place. Returns what the file does not hold, a sentence each. kBadInput naming
// the tensor that does not fit, or has values that are not finite.
std::vector<std::string> restore(const TrainingCheckpoint& checkpoint, ReversedAutoencoder& model,
                                 WeightAverage* average, IntrospectiveStep& step);

}  // namespace ra

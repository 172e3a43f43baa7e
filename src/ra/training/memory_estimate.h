#pragma once

#include <cstdint>

#include "ra/model/reversed_autoencoder.h"
#include "ra/training/training_options.h"

namespace ra {

// What a training on the CPU takes at its peak, in bytes: an estimate from the shape of the network (docs/training.md
// compares it with measurements).
struct MemoryEstimate {
  std::uint64_t program = 0;      // the program with its libraries
  std::uint64_t slices = 0;       // all slices, held in memory
  std::uint64_t network = 0;      // weights, gradients, moments, average
  std::uint64_t activations = 0;  // of one step
  std::uint64_t saving = 0;       // the copy of a state that is being written and checked

  std::uint64_t total() const { return program + slices + network + activations + saving; }
};

MemoryEstimate estimate_memory(const ModelOptions& model, const TrainingOptions& training, std::int64_t slices);

// kUnsupported with both numbers and the remedy when the estimate exceeds `available` bytes.
void require_memory(const MemoryEstimate& estimate, std::uint64_t available);

}  // namespace ra

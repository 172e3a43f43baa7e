#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "ra/model/latent_rule.h"
#include "ra/training/validation.h"

namespace ra {

enum class TrainingPhase { kWarmup, kIntrospective };
std::string_view to_string(TrainingPhase phase);  // "warmup", "introspective"

// Where a training stands after a step.
struct TrainingProgress {
  TrainingPhase phase;
  int epoch, epochs;         // from 1, warm-up included
  std::int64_t step, steps;  // of the epoch, from 1
  double squared_error;      // of the step's reconstructions, summed over the pixels of an image
  double kl;                 // KL divergence of the step's images
  double slices_per_second;  // of this epoch so far
  double seconds_left;       // estimate, to the last epoch or the time limit
};

// What an epoch came to.
struct EpochReport {
  TrainingPhase phase;
  int epoch, epochs;
  double training_error;    // squared error on the augmented training slices
  double validation_error;  // squared error on validation by the latent rule of the run
  // The best so far, this one included.
  int best_epoch;
  double best_error;
  double slices_per_second;
  double seconds_left;
};

struct TrainingCallbacks {
  std::function<void(const TrainingProgress&)> on_step;
  std::function<void(const EpochReport&)> on_epoch;
};

enum class TrainingEnd { kLastEpoch, kPatience, kTimeLimit, kSignal };

struct TrainingReport {
  TrainingEnd end = TrainingEnd::kLastEpoch;
  int epochs = 0;          // finished
  std::int64_t steps = 0;  // finished of the epoch in progress, when a signal came within one
  // The best epoch and its validation; absent when a signal came before the first.
  std::optional<int> best_epoch;
  std::optional<Validation> best;
  std::optional<LatentRule> latent_rule;  // what best.pt says
  Yardsticks yardsticks{};
  double runtime_seconds = 0.0;  // of all starts
  std::filesystem::path best_checkpoint, latest_checkpoint;
};

}  // namespace ra

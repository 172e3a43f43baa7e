#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>

#include "ra/model/latent_rule.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/tracking/metrics_log.h"
#include "ra/training/loss_means.h"
#include "ra/training/training_report.h"
#include "ra/training/validation.h"

namespace ra {

// What an epoch leaves in metrics.jsonl (docs/training.md, "Rows of metrics.jsonl").
struct EpochFacts {
  int epoch = 0;
  TrainingPhase phase = TrainingPhase::kWarmup;
  double learning_rate = 0.0;  // of its last step
  LatentRule rule;             // by which it is judged
  std::int64_t bad_steps = 0;  // of the run so far
  double slices_per_second = 0.0;
};
MetricRow epoch_row(const EpochFacts& facts, const LossMeans& means, const Validation& validation);

// The row before the first epoch.
MetricRow yardsticks_row(const Yardsticks& yardsticks);

// Writes the run folder's example picture of an epoch: some of `images` ([N,C,S,S] in [0,1]) above their
// reconstructions. A disk that does not take it costs the picture, and a warning.
void write_examples(const std::filesystem::path& run_folder, int epoch, const ReversedAutoencoder& model,
                    const at::Tensor& images, const LatentRule& rule, const at::Tensor& noise);

}  // namespace ra

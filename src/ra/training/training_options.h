#pragma once

#include <string>
#include <string_view>

#include "ra/model/layers.h"
#include "ra/model/precision.h"

namespace ra {

// How much of an introspective step is computed (Note [Fidelity] in introspective_step.cc): everything that the
// reference computes, or each thing once and no term whose weight is next to nothing.
enum class Fidelity { kExact, kFast };
std::string_view to_string(Fidelity fidelity);

// How a step is computed. The default is what parity is tested with.
struct StepMode {
  Fidelity fidelity = Fidelity::kExact;
  Precision precision = Precision::kFp32;
};

// kUsage where a step cannot be computed so: fast needs frozen batch norm.
void require_possible(BatchNormMode batch_norm, StepMode mode);

// Weights of the loss terms (REFERENCE.md, "One training step"). Defaults are the paper's.
struct LossOptions {
  // Weight of the squared reconstruction error.
  double beta_rec = 0.5;
  // Weight of the KL divergence of real images.
  double beta_kl = 1.0;
  // Weight of the KL divergence inside the exponential terms of generated images.
  double beta_neg = 128.0;
  // Weight of the re-decoded terms of the decoder step.
  double gamma_r = 1e-8;
  // Weight of the reversed multi-scale embedding loss.
  double embedding_weight = 0.005;
};

// A plain VAE before the introspective epochs (Note [Warm-up] in trainer.cc).
struct WarmupOptions {
  // Epochs of loss scale*(0.5*|x-rec|^2 + KL); 0 for none.
  int epochs = 0;
  // Their own learning rate; Adam's moments are kept for the epochs after.
  double learning_rate = 2e-4;
  // Weight of the KL term while warming up.
  double beta_kl = 1.0;
};

enum class ScheduleKind { kConstant, kStep, kCosine };

// How the learning rate of the introspective epochs changes (schedule.h).
struct ScheduleOptions {
  // Constant is the paper's.
  ScheduleKind kind = ScheduleKind::kConstant;
  // Introspective steps over which the rate first rises linearly from near 0; 0 for none.
  int ramp_steps = 0;
  // With step: the rate is multiplied by `factor` after every so many introspective epochs.
  int every_epochs = 100;
  double factor = 0.5;
  // With cosine: the share of the rate that is left at the end of the last epoch.
  double final_share = 0.0;
};

// When the state of a run is saved (checkpoint_keeper.h).
struct CheckpointOptions {
  // Least minutes between two saved states; 0 saves as often as the disk takes them.
  double minutes = 10.0;
  // Newest states that are kept, beside best.pt.
  int keep = 2;
  // Training goes on while nothing can be saved (a full disk), and stops after so many minutes.
  double give_up_minutes = 60.0;
};

// How a model is trained.
struct TrainingOptions {
  // Introspective epochs, after the warm-up.
  int epochs = 1500;
  // Slices a step.
  int batch_size = 8;
  // Learning rate of both Adam optimisers.
  double learning_rate = 5e-5;
  // Introspective epochs without a better validation loss before training stops.
  int patience = 500;
  // Wall-clock limit in minutes, after which the epoch in progress is the last; 0 for none.
  double max_minutes = 0.0;
  // "frozen" as the reference trains, or "batch" (Note [Frozen batch norm]).
  BatchNormMode batch_norm = BatchNormMode::kFrozen;
  // "exact" as the reference computes a step, or "fast", which needs frozen batch norm.
  Fidelity fidelity = Fidelity::kExact;
  // Arithmetic of the network in a step: fp32 or bf16. Weights, moments, losses and validation stay in float32.
  Precision precision = Precision::kFp32;
  // Whether a GPU is given a whole step at a time, as a CUDA graph; of no effect on a CPU.
  bool cuda_graphs = true;
  // How validation and screening reconstruct: mean, sample or average:K; "auto" measures all three and takes the best.
  std::string latent = "auto";
  // Largest global norm of each network's gradients, longer ones are scaled down to it; 0 for no limit.
  double gradient_clip = 0.0;
  // Decay a step of an exponential moving average of the weights, by which epochs are then validated and slices
  // screened; 0 for none.
  double average_decay = 0.0;
  // Steps of a run that may be skipped because a loss or a gradient is not finite.
  int max_bad_steps = 10;
  // Threads that prepare slices; results do not depend on it.
  int loader_threads = 1;
  // Example pictures every this many epochs; 0 for none.
  int examples_every = 10;
  WarmupOptions warmup;
  LossOptions loss;
  ScheduleOptions schedule;
  CheckpointOptions checkpoints;

  void validate() const;  // kUsage naming the field
};

}  // namespace ra

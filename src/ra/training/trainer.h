#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "ra/data/batch_loader.h"
#include "ra/data/slice_dataset.h"
#include "ra/model/model_file.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/tracking/metrics_log.h"
#include "ra/training/introspective_step.h"
#include "ra/training/loss_means.h"
#include "ra/training/training_options.h"
#include "ra/training/validation.h"
#include "ra/transforms/augmentation.h"
#include "ra/transforms/input.h"

namespace ra {

enum class TrainingPhase { kWarmup, kIntrospective };
std::string_view to_string(TrainingPhase phase);  // "warmup", "introspective"

// Where a training stands after a step.
struct TrainingProgress {
  TrainingPhase phase;
  int epoch, epochs;           // from 1, warm-up included
  std::int64_t step, steps;    // of the epoch, from 1
  double squared_error;        // of the step's reconstructions, summed over the pixels of an image
  double kl;                   // KL divergence of the step's images
  double slices_per_second;    // of this epoch so far
  double seconds_left;         // estimate, to the last epoch or the time limit
};

// What an epoch came to.
struct EpochReport {
  TrainingPhase phase;
  int epoch, epochs;
  double training_error;    // squared error on the augmented training slices
  double validation_error;  // squared error on validation by the latent rule of the run
  bool is_best;
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
  int epochs = 0;  // finished
  // The best epoch and its validation; absent when a signal came before the first.
  std::optional<int> best_epoch;
  std::optional<Validation> best;
  std::optional<LatentRule> latent_rule;  // what best.pt says
  Yardsticks yardsticks{};
  std::filesystem::path best_checkpoint, latest_checkpoint;
};

struct TrainerInputs {
  std::shared_ptr<ReversedAutoencoder> model;  // on its device, in its dtype
  InputOptions input;                          // how the data sets were prepared; stored in checkpoints
  TrainingOptions training;
  AugmentationOptions augmentation;
  std::uint64_t seed = 0;
  std::optional<SeenSubjects> subjects;  // stored in checkpoints
  std::filesystem::path folder;  // run folder: metrics.jsonl, checkpoints/, figures/
};

// Trains a model: warm-up epochs as a plain VAE, then introspective ones; validates, logs a row of metrics and keeps
// checkpoints/best.pt and checkpoints/latest.pt as it goes. The same inputs give bitwise the same weights on a CPU
// with a given number of OpenMP threads, for any number of loader threads.
class Trainer {
 public:
  // kUsage for empty data sets, options out of range, or a conditional model. The data sets must outlive the trainer.
  Trainer(TrainerInputs inputs, const SliceDataset& training, const SliceDataset& validation,
          TrainingCallbacks callbacks = {});

  // Runs to the end, to the time limit, until patience is spent, or until StopSignal received something (then
  // latest.pt is written after the step in progress). kFailed naming epoch, step and term when a loss, a weight or
  // the validation error is not finite; best.pt then still holds the best epoch before it.
  TrainingReport run();

 private:
  using Clock = std::chrono::steady_clock;

  // Returns false when a signal ended the epoch early.
  bool run_epoch();
  void run_step(const Batch& batch, LossMeans& means, TrainingProgress& progress);
  void finish_epoch(const LossMeans& means, double slices_per_second);
  void require_finite_state() const;
  LatentRule rule_of(const Validation& validation) const;
  bool remember_best(const Validation& validation);
  void watch_for_collapse(const Validation& validation);
  void log_epoch(const LossMeans& means, const Validation& validation, double slices_per_second);
  void write_examples() const;
  void write_checkpoint(const std::filesystem::path& path) const;
  void log_yardsticks();
  void warn_if_worse_than_mean_picture() const;

  TrainingPhase phase() const;
  int total_epochs() const { return inputs_.training.warmup.epochs + inputs_.training.epochs; }
  double learning_rate() const;
  double seconds_since(Clock::time_point start) const;
  bool over_time() const;
  double seconds_left(std::int64_t steps_done) const;

  TrainerInputs inputs_;
  const SliceDataset& training_;
  const SliceDataset& validation_;
  TrainingCallbacks callbacks_;
  IntrospectiveStep step_;
  BatchLoader loader_;
  MetricsLog log_;
  LatentRule criterion_;  // by which epochs are compared, unless `latent` is auto
  at::Tensor noise_;      // [K,Z] of average:K
  TrainingReport report_;
  std::optional<Validation> latest_;
  int epoch_ = 0;  // the one in progress, from 1
  double best_introspective_error_;
  int best_introspective_epoch_;
  int collapsed_epochs_ = 0;
  Clock::time_point started_ = Clock::now();
  Clock::time_point latest_written_ = Clock::now();
};

}  // namespace ra

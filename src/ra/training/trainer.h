#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ra/data/batch_loader.h"
#include "ra/data/slice_dataset.h"
#include "ra/model/model_file.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/training/bad_steps.h"
#include "ra/training/checkpoint_keeper.h"
#include "ra/training/graphed_step.h"
#include "ra/training/introspective_step.h"
#include "ra/training/loss_means.h"
#include "ra/training/standing.h"
#include "ra/training/training_checkpoint.h"
#include "ra/training/training_clock.h"
#include "ra/training/training_log.h"
#include "ra/training/training_options.h"
#include "ra/training/training_report.h"
#include "ra/training/weight_average.h"
#include "ra/transforms/augmentation.h"
#include "ra/transforms/input.h"

namespace ra {

struct TrainerInputs {
  std::shared_ptr<ReversedAutoencoder> model;  // on its device, in its dtype
  InputOptions input;                          // how the data sets were prepared; stored in checkpoints
  TrainingOptions training;
  AugmentationOptions augmentation;
  std::uint64_t seed = 0;
  std::optional<SeenSubjects> subjects;  // stored in checkpoints
  std::filesystem::path folder;          // run folder: metrics.jsonl, checkpoints/, figures/
  TrackedRun tracked;                    // what sinks say of the run; its folder is `folder`
  TrainingOrigin origin;                 // stored in checkpoints
  // Where to go on: a state of this run, or a model file to begin from (then metrics.jsonl begins anew).
  std::optional<TrainingCheckpoint> from;
  std::function<void()> on_first_best;  // best.pt was saved
  // Steps that are given to the device before the first of them is read back, at least 1; by default 1 on CPUs, 16 on
  // GPUs. Weights and rows do not depend on it.
  std::optional<std::size_t> steps_ahead;
};

// Trains a model: warm-up epochs as a plain VAE, then introspective ones; validates, logs a row of metrics an epoch and
// keeps checkpoints/best.pt and the newest states as it goes. The same inputs give bitwise the same weights and rows on
// a CPU with a given number of OpenMP threads, for any number of loader threads, and however often the run was stopped
// or killed and went on. The data sets stay in memory, so that nothing but the run folder is used once it has begun.
class Trainer {
 public:
  // kUsage for empty data sets, options out of range, or a conditional model; kBadInput when `from` does not fit. The
  // data sets must outlive the trainer.
  Trainer(TrainerInputs inputs, const SliceDataset& training, const SliceDataset& validation,
          TrainingCallbacks callbacks = {});

  // What `from` did not hold, a sentence each.
  const std::vector<std::string>& not_restored() const { return not_restored_; }

  // Runs to the end, to the time limit, until patience is spent, or until StopSignal received something (then a state
  // is written after the step in progress). kFailed naming epoch, step and term when more losses or gradients were not
  // finite than training.max_bad_steps allows, or a weight or the validation error is not; best.pt then still holds the
  // best epoch before it. kIo when nothing could be saved for too long. A failure is
  // logged as the end of the run; any other end is the caller's to log.
  TrainingReport run();

 private:
  TrainingReport train();
  void go_on(const TrainingCheckpoint& from);
  std::optional<TrainingEnd> end_reached() const;
  // Returns false when a signal ended the epoch early.
  bool run_epoch();
  // Gives a step to the device, and reads those that wait once they are as many as may.
  void run_step(Batch batch, TrainingProgress& progress);
  void read_steps(TrainingProgress& progress);
  void finish_epoch(double slices_per_second);
  void require_finite_state() const;
  Validation validated() const;
  CheckpointValue snapshot() const;
  void warn_if_worse_than_mean_picture() const;

  int epoch() const { return static_cast<int>(position_.epochs) + 1; }  // the one in progress, from 1
  int total_epochs() const { return inputs_.training.warmup.epochs + inputs_.training.epochs; }
  TrainingPhase phase() const;
  double learning_rate() const;
  // The network that is validated and screened with.
  std::shared_ptr<ReversedAutoencoder> judged() const { return average_ ? average_->network() : inputs_.model; }

  TrainerInputs inputs_;
  const SliceDataset& training_;
  const SliceDataset& validation_;
  TrainingCallbacks callbacks_;
  IntrospectiveStep step_;
  std::unique_ptr<GraphedStep> graphed_;  // none on a CPU
  std::unique_ptr<WeightAverage> average_;
  BatchLoader loader_;
  BadSteps bad_steps_;
  Standing standing_;
  TrainingLog log_;
  CheckpointKeeper keeper_;
  TrainingClock clock_;
  at::Tensor noise_;  // [K,Z] of average:K
  Yardsticks yardsticks_;
  bool from_model_file_ = false;
  // A step whose terms have not been read. `number` counts from 1 in its epoch.
  struct PendingStep {
    std::int64_t number;
    Batch batch;
    std::variant<UnreadStep, UnreadWarmup> step;
  };
  std::size_t readable_ahead() const;

  std::vector<PendingStep> pending_;  // none between epochs, nor where the state is saved
  Batch last_batch_;
  TrainingPosition position_;
  LossMeans means_;  // of the epoch in progress
  std::vector<std::string> not_restored_;
};

}  // namespace ra

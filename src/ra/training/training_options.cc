#include "ra/training/training_options.h"

#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"
#include "ra/model/latent_rule.h"

namespace ra {
namespace {

void require(bool fine, const std::string& message) {
  if (!fine) throw Error(ErrorCode::kUsage, "training." + message);
}

void require_at_least(double value, double least, const char* name) {
  require(std::isfinite(value) && value >= least, fmt::format("{} is {}, it must be at least {}", name, value, least));
}

void require_positive(double value, const char* name) {
  require(std::isfinite(value) && value > 0, fmt::format("{} is {}, it must be above 0", name, value));
}

void check_schedule(const ScheduleOptions& schedule) {
  require_at_least(schedule.ramp_steps, 0, "schedule.ramp_steps");
  require_at_least(schedule.every_epochs, 1, "schedule.every_epochs");
  require_positive(schedule.factor, "schedule.factor");
  require(schedule.final_share >= 0 && schedule.final_share <= 1,
          fmt::format("schedule.final_share is {}, it must be from 0 to 1", schedule.final_share));
}

void check_checkpoints(const CheckpointOptions& checkpoints) {
  require_at_least(checkpoints.minutes, 0, "checkpoints.minutes");
  require_at_least(checkpoints.keep, 1, "checkpoints.keep");
  require_at_least(checkpoints.give_up_minutes, 0, "checkpoints.give_up_minutes");
}

}  // namespace

std::string_view to_string(Fidelity fidelity) { return fidelity == Fidelity::kFast ? "fast" : "exact"; }

void require_possible(BatchNormMode batch_norm, StepMode mode) {
  require(mode.fidelity == Fidelity::kExact || batch_norm == BatchNormMode::kFrozen,
          "fidelity is fast, which needs training.batch_norm frozen: with batch, leaving a pass out or merging two "
          "would change the statistics that batch norm uses and tracks");
}

void TrainingOptions::validate() const {
  require_at_least(epochs, 0, "epochs");
  require_at_least(warmup.epochs, 0, "warmup.epochs");
  require(epochs + warmup.epochs > 0, "epochs and training.warmup.epochs are both 0, so there is nothing to do");
  require(batch_size >= 1 && batch_size <= 4096,
          fmt::format("batch_size is {}, it must be from 1 to 4096", batch_size));
  require_positive(learning_rate, "learning_rate");
  require_positive(warmup.learning_rate, "warmup.learning_rate");
  require_at_least(warmup.beta_kl, 0, "warmup.beta_kl");
  require_at_least(patience, 1, "patience");
  require_at_least(max_minutes, 0, "max_minutes");
  require_at_least(gradient_clip, 0, "gradient_clip");
  require(average_decay >= 0 && average_decay < 1,
          fmt::format("average_decay is {}, it must be from 0 to below 1", average_decay));
  require_possible(batch_norm, {fidelity, precision});
  require_at_least(max_bad_steps, 0, "max_bad_steps");
  require(loader_threads >= 1 && loader_threads <= 256,
          fmt::format("loader_threads is {}, it must be from 1 to 256", loader_threads));
  require_at_least(examples_every, 0, "examples_every");
  require_at_least(loss.beta_rec, 0, "loss.beta_rec");
  require_at_least(loss.beta_kl, 0, "loss.beta_kl");
  require_at_least(loss.beta_neg, 0, "loss.beta_neg");
  require_at_least(loss.gamma_r, 0, "loss.gamma_r");
  require_at_least(loss.embedding_weight, 0, "loss.embedding_weight");
  check_schedule(schedule);
  check_checkpoints(checkpoints);
  if (latent == "auto") return;
  try {
    LatentRule::parse(latent);
  } catch (const Error& error) {
    throw Error(ErrorCode::kUsage, fmt::format("training.latent: {} (or auto)", error.what()));
  }
}

}  // namespace ra

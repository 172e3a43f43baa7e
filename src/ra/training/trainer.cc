#include "ra/training/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/stop_signal.h"
#include "ra/training/example_picture.h"
#include "ra/training/step_noise.h"
#include "ra/training/training_checkpoint.h"

namespace ra {
namespace {

// Note [Warm-up]: from random weights the introspective losses drive the network to one empty picture, black above
// all, before it has learnt anything: the decoder can please the exponential terms without looking at z. Some epochs
// as a plain VAE come first (soft-intro-VAE has them, the reference dropped them). Both optimisers step on one loss
// and keep their moments for the introspective epochs.

// Note [Which epoch is best]: the one with the smallest validation error of all, warm-up included, so that best.pt
// is never worse than what the user has seen in the log. Patience counts introspective epochs among themselves:
// a good warm-up must not end the phase that was asked for.

// An introspective step costs about this many warm-up steps (encoder and decoder passes, forward and backward).
constexpr double kIntrospectiveCost = 5.0;
// Epochs in a row with an empty picture before the trainer says so.
constexpr int kCollapsedEpochs = 3;
constexpr int kExamples = 6;
// latest.pt is at most this old, beside the epoch in progress.
constexpr double kLatestEverySeconds = 30.0;

TrainerInputs checked(TrainerInputs inputs, const SliceDataset& training, const SliceDataset& validation) {
  inputs.training.validate();
  inputs.augmentation.validate();
  if (training.size() == 0) throw Error(ErrorCode::kUsage, "data.train names no images, so there is nothing to learn");
  if (validation.size() == 0) {
    throw Error(ErrorCode::kUsage, "data.val names no images; they choose the best epoch and stop the training");
  }
  if (inputs.model->options().conditional) {
    throw Error(ErrorCode::kUsage, "a conditional model cannot be trained yet; set model.conditional to false");
  }
  return inputs;
}

LatentRule criterion_of(const TrainingOptions& options) {
  return options.latent == "auto" ? LatentRule::fallback() : LatentRule::parse(options.latent);
}

// The averaging rule that is measured beside mean and sample.
LatentRule averaging(const LatentRule& criterion) {
  return criterion.draws() > 1 ? criterion : LatentRule::fallback();
}

std::filesystem::path log_path(const std::filesystem::path& folder) {
  make_output_folder(folder / "checkpoints");
  return folder / "metrics.jsonl";
}

}  // namespace

std::string_view to_string(TrainingPhase phase) {
  return phase == TrainingPhase::kWarmup ? "warmup" : "introspective";
}

Trainer::Trainer(TrainerInputs inputs, const SliceDataset& training, const SliceDataset& validation,
                 TrainingCallbacks callbacks)
    : inputs_(checked(std::move(inputs), training, validation)),
      training_(training),
      validation_(validation),
      callbacks_(std::move(callbacks)),
      step_(*inputs_.model, inputs_.training.loss, inputs_.training.batch_norm, inputs_.training.learning_rate),
      loader_(training_, inputs_.training.batch_size, inputs_.augmentation, inputs_.seed,
              inputs_.training.loader_threads),
      log_(log_path(inputs_.folder)),
      criterion_(criterion_of(inputs_.training)),
      noise_(latent_noise(averaging(criterion_), inputs_.model->options().latent_size, inputs_.seed)),
      best_introspective_error_(std::numeric_limits<double>::infinity()),
      best_introspective_epoch_(inputs_.training.warmup.epochs) {
  report_.best_checkpoint = inputs_.folder / "checkpoints" / "best.pt";
  report_.latest_checkpoint = inputs_.folder / "checkpoints" / "latest.pt";
}

TrainingReport Trainer::run() {
  started_ = latest_written_ = Clock::now();
  log_yardsticks();
  report_.end = TrainingEnd::kLastEpoch;
  for (epoch_ = 1; epoch_ <= total_epochs(); ++epoch_) {
    if (!run_epoch()) {
      report_.end = TrainingEnd::kSignal;
      break;
    }
    report_.epochs = epoch_;
    if (StopSignal::received() != 0) report_.end = TrainingEnd::kSignal;
    else if (over_time()) report_.end = TrainingEnd::kTimeLimit;
    else if (phase() == TrainingPhase::kIntrospective &&
             epoch_ - best_introspective_epoch_ >= inputs_.training.patience) report_.end = TrainingEnd::kPatience;
    else continue;
    break;
  }
  in_context(fmt::format("epoch {}", epoch_), [&] { require_finite_state(); });
  write_checkpoint(report_.latest_checkpoint);
  if (report_.end != TrainingEnd::kSignal) warn_if_worse_than_mean_picture();
  return report_;
}

bool Trainer::run_epoch() {
  step_.set_learning_rate(learning_rate());
  loader_.start_epoch(static_cast<std::uint32_t>(epoch_));
  LossMeans means;
  TrainingProgress progress{phase(), epoch_, total_epochs(), 0, loader_.batches(), 0, 0, 0, 0};
  std::int64_t slices = 0;
  const Clock::time_point start = Clock::now();
  while (auto batch = loader_.next()) {
    ++progress.step;
    in_context(fmt::format("epoch {}, step {}", epoch_, progress.step), [&] { run_step(*batch, means, progress); });
    slices += batch->images.size(0);
    progress.slices_per_second = static_cast<double>(slices) / std::max(seconds_since(start), 1e-9);
    progress.seconds_left = seconds_left(progress.step);
    if (callbacks_.on_step) callbacks_.on_step(progress);
    if (StopSignal::received() != 0 && progress.step < progress.steps) return false;
  }
  in_context(fmt::format("epoch {}", epoch_), [&] { finish_epoch(means, progress.slices_per_second); });
  return true;
}

void Trainer::run_step(const Batch& batch, LossMeans& means, TrainingProgress& progress) {
  const at::Tensor like = step_.encoder_adam().parameters().front();
  const at::Tensor images = batch.images.to(like.device(), like.scalar_type());
  const int latent_size = inputs_.model->options().latent_size;
  const auto epoch = static_cast<std::uint32_t>(epoch_);
  if (phase() == TrainingPhase::kWarmup) {
    const at::Tensor noise = draw_noise(inputs_.seed, epoch, batch.samples, latent_size, Purpose::kWarmupNoise);
    const WarmupTerms terms = step_.warm_up(images, noise.to(like.device(), like.scalar_type()),
                                            inputs_.training.warmup.beta_kl);
    means.add(terms, images.size(0));
    progress.squared_error = terms.loss_rec.item<double>();
    progress.kl = terms.kl_real.item<double>();
  } else {
    const StepTerms terms =
        step_.step(images, draw_step_noise(inputs_.seed, epoch, batch.samples, latent_size, like));
    means.add(terms, images.size(0));
    progress.squared_error = terms.d_loss_rec.item<double>();
    progress.kl = terms.e_kl_real.item<double>();
  }
}

void Trainer::finish_epoch(const LossMeans& means, double slices_per_second) {
  require_finite_state();
  const Validation validation = validate(*inputs_.model, validation_.images, noise_, inputs_.training.batch_size);
  for (const RuleError& error : validation.errors) {
    if (!std::isfinite(error.squared_error)) {
      throw Error(ErrorCode::kFailed, fmt::format("the validation error by the latent rule {} is {}",
                                                  error.rule.text(), error.squared_error));
    }
  }
  latest_ = validation;
  const bool is_best = remember_best(validation);
  log_epoch(means, validation, slices_per_second);
  watch_for_collapse(validation);
  if (inputs_.training.examples_every > 0 && epoch_ % inputs_.training.examples_every == 0) write_examples();
  if (seconds_since(latest_written_) > kLatestEverySeconds) {
    write_checkpoint(report_.latest_checkpoint);
    latest_written_ = Clock::now();
  }
  if (callbacks_.on_epoch) {
    callbacks_.on_epoch({phase(), epoch_, total_epochs(), means.squared_error().value_or(0.0),
                         validation.error_of(rule_of(validation)), is_best, slices_per_second,
                         seconds_left(loader_.batches())});
  }
}

// A gradient that overflows leaves finite losses behind it, so the weights are looked at themselves.
void Trainer::require_finite_state() const {
  for (const NamedTensor& entry : inputs_.model->state()) {
    if (entry.tensor.is_floating_point() && !entry.tensor.isfinite().all().item<bool>()) {
      throw Error(ErrorCode::kFailed,
                  fmt::format("{} has values that are not finite; a smaller learning rate or a longer warm-up usually "
                              "helps", entry.name));
    }
  }
}

// The rule that a checkpoint of this epoch is screened with, so it is the one that judges the epoch.
LatentRule Trainer::rule_of(const Validation& validation) const {
  return inputs_.training.latent == "auto" ? validation.best().rule : criterion_;
}

bool Trainer::remember_best(const Validation& validation) {
  const double error = validation.error_of(rule_of(validation));
  if (phase() == TrainingPhase::kIntrospective && error < best_introspective_error_) {
    best_introspective_error_ = error;
    best_introspective_epoch_ = epoch_;
  }
  if (report_.best && error >= report_.best->error_of(*report_.latent_rule)) return false;
  report_.best = validation;
  report_.best_epoch = epoch_;
  report_.latent_rule = rule_of(validation);
  write_checkpoint(report_.best_checkpoint);
  return true;
}

void Trainer::watch_for_collapse(const Validation& validation) {
  std::optional<std::string> color = collapsed_to(validation);
  // A VAE starts from one gray picture; that is no collapse.
  if (phase() == TrainingPhase::kWarmup && color == "gray") color.reset();
  collapsed_epochs_ = color ? collapsed_epochs_ + 1 : 0;
  if (collapsed_epochs_ != kCollapsedEpochs) return;
  log::warning(
      "epoch {}: the network answers every slice with the same {} picture. Introspective losses do that to a network "
      "that has not learnt to reconstruct yet: set training.warmup.epochs (now {}), or raise it, and lower the "
      "learning rate if it goes on",
      epoch_, *color, inputs_.training.warmup.epochs);
}

void Trainer::log_epoch(const LossMeans& means, const Validation& validation, double slices_per_second) {
  MetricRow row = {{"epoch", std::int64_t{epoch_}}, {"phase", std::string(to_string(phase()))}, {"lr", learning_rate()}};
  const MetricRow losses = means.metrics(), errors = validation_metrics(validation, rule_of(validation), "Val");
  row.insert(row.end(), losses.begin(), losses.end());
  row.insert(row.end(), errors.begin(), errors.end());
  row.emplace_back("slices_per_second", slices_per_second);
  log_.write(row);
}

void Trainer::write_examples() const {
  const at::NoGradGuard no_grad;
  make_output_folder(inputs_.folder / "figures");
  const at::Tensor like = step_.encoder_adam().parameters().front();
  const at::Tensor examples = spread_examples(validation_.images, kExamples).to(like.device(), like.scalar_type());
  write_example_picture(inputs_.folder / "figures" / fmt::format("epoch_{:04}.png", epoch_), examples,
                        reconstruct(*inputs_.model, examples, criterion_, noise_));
}

void Trainer::write_checkpoint(const std::filesystem::path& path) const {
  ModelFile file;
  file.model = inputs_.model;
  file.input = inputs_.input;
  file.subjects = inputs_.subjects;
  file.latent_rule = latest_ ? rule_of(*latest_) : criterion_;
  if (file.latent_rule->uses_noise()) {
    file.latent_noise = latent_noise(*file.latent_rule, inputs_.model->options().latent_size, inputs_.seed);
  }
  const double error = latest_ ? latest_->error_of(*file.latent_rule) : std::numeric_limits<double>::quiet_NaN();
  const int finished = std::min(epoch_, total_epochs());
  write_training_checkpoint(path, file, step_, {report_.end == TrainingEnd::kSignal ? report_.epochs : finished,
                                                inputs_.seed, error});
}

void Trainer::log_yardsticks() {
  report_.yardsticks = measure_yardsticks(training_.images, validation_.images);
  log_.write({{"epoch", std::int64_t{0}},
              {"phase", "yardsticks"},
              {"Val/squared_error_mean_picture", report_.yardsticks.mean_picture},
              {"Val/squared_error_black", report_.yardsticks.black}});
}

void Trainer::warn_if_worse_than_mean_picture() const {
  const double error = report_.best->error_of(*report_.latent_rule);
  if (error < report_.yardsticks.mean_picture) return;
  log::warning(
      "the best epoch's squared error on validation is {:.1f}, the mean training picture's is {:.1f}: this network is "
      "no better than one picture for everyone. Train longer, or with a longer warm-up (training.warmup.epochs, now {})",
      error, report_.yardsticks.mean_picture, inputs_.training.warmup.epochs);
}

TrainingPhase Trainer::phase() const {
  return epoch_ <= inputs_.training.warmup.epochs ? TrainingPhase::kWarmup : TrainingPhase::kIntrospective;
}

double Trainer::learning_rate() const {
  return phase() == TrainingPhase::kWarmup ? inputs_.training.warmup.learning_rate : inputs_.training.learning_rate;
}

double Trainer::seconds_since(Clock::time_point start) const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool Trainer::over_time() const {
  const double limit = inputs_.training.max_minutes * 60.0;
  return limit > 0 && seconds_since(started_) >= limit;
}

double Trainer::seconds_left(std::int64_t steps_done) const {
  const auto steps = static_cast<double>(loader_.batches());
  const auto cost_until = [&](double epochs) {
    const double warmup = std::min<double>(epochs, inputs_.training.warmup.epochs);
    return steps * (warmup + kIntrospectiveCost * (epochs - warmup));
  };
  const double done = cost_until(epoch_ - 1 + static_cast<double>(steps_done) / steps);
  const double elapsed = seconds_since(started_);
  const double left = elapsed * (cost_until(total_epochs()) - done) / done;
  const double limit = inputs_.training.max_minutes * 60.0;
  return limit > 0 ? std::min(left, std::max(limit - elapsed, 0.0)) : left;
}

}  // namespace ra

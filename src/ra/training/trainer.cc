#include "ra/training/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/stop_signal.h"
#include "ra/training/epoch_output.h"
#include "ra/training/schedule.h"
#include "ra/training/step_noise.h"

namespace ra {
namespace {

// Steps that a GPU is given before the first of them is read: enough for it never to wait, few enough for a display.
constexpr std::size_t kStepsAheadOfGpu = 16;

// Note [Warm-up]: from random weights the introspective losses drive the network to one empty picture, black above
// all, before it has learnt anything: the decoder can please the exponential terms without looking at z. Some epochs
// as a plain VAE come first (soft-intro-VAE has them, the reference dropped them). Both optimisers step on one loss
// and keep their moments for the introspective epochs.

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
  make_output_folder(inputs.folder);
  inputs.tracked.folder = inputs.folder;
  return inputs;
}

// The averaging rule that is measured beside mean and sample.
LatentRule averaging(const LatentRule& criterion) { return criterion.draws() > 1 ? criterion : LatentRule::fallback(); }

std::unique_ptr<WeightAverage> average_of(const TrainerInputs& inputs) {
  if (inputs.training.average_decay == 0.0) return nullptr;
  return std::make_unique<WeightAverage>(*inputs.model, inputs.training.average_decay);
}

// Not where running statistics of batch norm are taken back after a bad step, which a graph would have to know.
std::unique_ptr<GraphedStep> graphed(const TrainingOptions& training, IntrospectiveStep& step) {
  if (!training.cuda_graphs || training.batch_norm != BatchNormMode::kFrozen) return nullptr;
  return graphed_on_gpu(step, training.batch_size);
}

std::int64_t logged_rows(const std::optional<TrainingCheckpoint>& from) {
  return from && from->state ? from->state->metric_rows : 0;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string_view to_string(TrainingPhase phase) { return phase == TrainingPhase::kWarmup ? "warmup" : "introspective"; }

Trainer::Trainer(TrainerInputs inputs, const SliceDataset& training, const SliceDataset& validation,
                 TrainingCallbacks callbacks)
    : inputs_(checked(std::move(inputs), training, validation)),
      training_(training),
      validation_(validation),
      callbacks_(std::move(callbacks)),
      step_(*inputs_.model, inputs_.training.loss, inputs_.training.batch_norm, inputs_.training.learning_rate,
            {inputs_.training.fidelity, inputs_.training.precision}),
      graphed_(graphed(inputs_.training, step_)),
      average_(average_of(inputs_)),
      loader_(training_, inputs_.training.batch_size, inputs_.augmentation, inputs_.seed,
              inputs_.training.loader_threads),
      bad_steps_(*inputs_.model, training_, inputs_.training.max_bad_steps, inputs_.folder),
      standing_(inputs_.training),
      log_(inputs_.tracked, logged_rows(inputs_.from)),
      keeper_(inputs_.folder / "checkpoints", inputs_.training.checkpoints, inputs_.folder / "metrics.jsonl",
              inputs_.on_first_best),
      clock_(inputs_.training, loader_.batches()),
      noise_(latent_noise(averaging(standing_.criterion()), inputs_.model->options().latent_size, inputs_.seed)),
      yardsticks_(measure_yardsticks(training_.images, validation_.images)) {
  step_.set_gradient_clip(inputs_.training.gradient_clip);
  if (inputs_.from) go_on(*inputs_.from);
  inputs_.from.reset();  // its tensors were copied
}

void Trainer::go_on(const TrainingCheckpoint& from) {
  not_restored_ = restore(from, *inputs_.model, average_.get(), step_);
  position_.epochs = from.epochs();
  from_model_file_ = !from.state;
  if (from_model_file_) return;
  const RunState& state = *from.state;
  position_ = state.position;
  if (position_.steps >= loader_.batches()) {
    throw Error(ErrorCode::kBadInput, fmt::format("'{}' stands after step {} of an epoch, and an epoch has {}",
                                                  from.path.string(), position_.steps, loader_.batches()));
  }
  means_ = LossMeans(state.means);
  standing_.restore(state.standing);
  bad_steps_.restore(state.bad_steps);
}

TrainingReport Trainer::run() {
  try {
    return train();
  } catch (const Error& error) {
    log_.end_failed(exit_code(error.code()));
    throw;
  }
}

TrainingReport Trainer::train() {
  clock_.start(position_, log_.runtime_seconds());
  if (log_.rows() == 0) log_.add(0, yardsticks_row(yardsticks_));
  if (from_model_file_) {  // a run that is killed early goes on from these weights, and needs the file no more
    keeper_.save_state(position_, snapshot());
    keeper_.wait();
  }
  TrainingReport report;
  for (;;) {
    if (const auto end = end_reached()) {
      report.end = *end;
      break;
    }
    if (!run_epoch()) {
      report.end = TrainingEnd::kSignal;
      break;
    }
  }
  in_context(fmt::format("epoch {}", epoch()), [&] { require_finite_state(); });
  keeper_.finish(position_, [&] { return snapshot(); }, report.end != TrainingEnd::kSignal);
  log_.finish();
  if (report.end != TrainingEnd::kSignal) warn_if_worse_than_mean_picture();
  report.epochs = static_cast<int>(position_.epochs);
  report.steps = position_.steps;
  if ((report.best = standing_.record().best)) {
    report.best_epoch = standing_.record().best_epoch;
    report.latent_rule = standing_.rule_of(*report.best);
  }
  report.yardsticks = yardsticks_;
  report.runtime_seconds = log_.runtime_seconds();
  report.best_checkpoint = keeper_.best_path();
  report.latest_checkpoint = keeper_.latest_path();
  return report;
}

std::optional<TrainingEnd> Trainer::end_reached() const {
  if (StopSignal::received() != 0) return TrainingEnd::kSignal;
  const int epochs = static_cast<int>(position_.epochs);
  if (epochs >= total_epochs()) return TrainingEnd::kLastEpoch;
  if (position_.steps > 0 || epochs == 0) return std::nullopt;
  if (clock_.is_over()) return TrainingEnd::kTimeLimit;
  if (standing_.patience_is_spent(epochs)) return TrainingEnd::kPatience;
  return std::nullopt;
}

bool Trainer::run_epoch() {
  loader_.start_epoch(static_cast<std::uint32_t>(epoch()), position_.steps);
  TrainingProgress progress{phase(), epoch(), total_epochs(), 0, loader_.batches(), 0, 0, 0, 0};
  std::int64_t slices = 0;
  const auto start = std::chrono::steady_clock::now();
  while (auto batch = loader_.next()) {
    slices += batch->images.size(0);
    run_step(*std::move(batch), progress);
    progress.step = ++position_.steps;
    progress.slices_per_second = static_cast<double>(slices) / std::max(seconds_since(start), 1e-9);
    progress.seconds_left = clock_.seconds_left(position_);
    if (callbacks_.on_step) callbacks_.on_step(progress);
    log_.flush();
    keeper_.poll();
    const bool ends = position_.steps == loader_.batches(), stops = StopSignal::received() != 0;
    const bool saves = keeper_.is_due();
    if (ends || stops || saves) read_steps(progress);
    if (ends) break;
    if (stops) return false;
    if (saves) {
      in_context(fmt::format("epoch {}", epoch()), [&] { require_finite_state(); });
      keeper_.save_state(position_, snapshot());
    }
  }
  in_context(fmt::format("epoch {}", epoch()), [&] { finish_epoch(progress.slices_per_second); });
  return true;
}

// A GPU works through what it has been given while the next steps are prepared; only what comes of them is read late.
// Not where the next step needs to know: batch norm's running statistics are taken back after a bad step, and an
// average of the weights must not follow one.
std::size_t Trainer::readable_ahead() const {
  const bool on_cpu = step_.encoder_adam().parameters().front().is_cpu();
  if (inputs_.training.batch_norm != BatchNormMode::kFrozen || average_) return 1;
  return inputs_.steps_ahead.value_or(on_cpu ? 1 : kStepsAheadOfGpu);
}

void Trainer::run_step(Batch batch, TrainingProgress& progress) {
  const at::Tensor like = step_.encoder_adam().parameters().front();
  const at::Tensor images = sent_to(like, batch.images);
  const int latent_size = inputs_.model->options().latent_size;
  const auto number = static_cast<std::uint32_t>(epoch());
  step_.set_learning_rate(learning_rate());
  if (pending_.empty()) bad_steps_.remember();
  PendingStep& step = pending_.emplace_back(PendingStep{position_.steps + 1, std::move(batch), {}});
  if (phase() == TrainingPhase::kWarmup) {
    const at::Tensor noise = draw_noise(inputs_.seed, number, step.batch.samples, latent_size, Purpose::kWarmupNoise);
    step.step = step_.start_warm_up(images, sent_to(like, noise), inputs_.training.warmup.beta_kl);
  } else {
    const StepNoise noise = draw_step_noise(inputs_.seed, number, step.batch.samples, latent_size, like);
    step.step = graphed_ ? graphed_->start(images, noise) : step_.start(images, noise);
  }
  if (pending_.size() >= readable_ahead()) read_steps(progress);
}

void Trainer::read_steps(TrainingProgress& progress) {
  for (PendingStep& pending : std::exchange(pending_, {})) {
    in_context(fmt::format("epoch {}, step {}", epoch(), pending.number), [&] {
      const std::int64_t samples = pending.batch.images.size(0);
      const auto take = [&](const auto& terms, const at::Tensor& squared_error, const at::Tensor& kl) {
        means_.add(terms, samples);
        progress.squared_error = squared_error.template item<double>();
        progress.kl = kl.template item<double>();
      };
      const bool taken = bad_steps_.accept(pending.batch, [&] {
        if (auto* warmup = std::get_if<UnreadWarmup>(&pending.step)) {
          const WarmupTerms terms = step_.read(std::move(*warmup));
          take(terms, terms.loss_rec, terms.kl_real);
        } else {
          const StepTerms terms = step_.read(std::move(std::get<UnreadStep>(pending.step)));
          take(terms, terms.d_loss_rec, terms.e_kl_real);
        }
      });
      if (taken && average_) average_->update(step_.decoder_adam().steps());
    });
    last_batch_ = std::move(pending.batch);
  }
}

Validation Trainer::validated() const {
  const Validation validation = validate(*judged(), validation_.images, noise_, inputs_.training.batch_size);
  for (const RuleError& error : validation.errors) {
    if (!std::isfinite(error.squared_error)) {
      bad_steps_.fail(last_batch_, fmt::format("the validation error by the latent rule {} is {}; a smaller learning "
                                               "rate or a longer warm-up usually helps",
                                               error.rule.text(), error.squared_error));
    }
  }
  return validation;
}

void Trainer::finish_epoch(double slices_per_second) {
  require_finite_state();
  const Validation validation = validated();
  const bool is_best = standing_.judge(epoch(), phase(), validation);
  // The picture first: sinks take it along with the row.
  if (inputs_.training.examples_every > 0 && epoch() % inputs_.training.examples_every == 0) {
    write_examples(inputs_.folder, epoch(), *judged(), validation_.images, standing_.criterion(), noise_);
  }
  log_.add(epoch(), epoch_row({epoch(), phase(), step_.encoder_adam().learning_rate(), standing_.rule_of(validation),
                               bad_steps_.count(), slices_per_second},
                              means_, validation));
  const double training_error = means_.squared_error().value_or(0.0);
  EpochReport report{phase(),
                     epoch(),
                     total_epochs(),
                     training_error,
                     validation.error_of(standing_.rule_of(validation)),
                     standing_.record().best_epoch,
                     standing_.best_error(),
                     slices_per_second,
                     0.0};
  means_ = LossMeans();
  position_ = {position_.epochs + 1, 0};
  if (is_best) keeper_.save_best(snapshot());
  if (keeper_.is_due()) keeper_.save_state(position_, snapshot());
  report.seconds_left = clock_.seconds_left(position_);
  if (callbacks_.on_epoch) callbacks_.on_epoch(report);
}

// What could not be foreseen from losses and gradients: a weight that overflows in the update itself.
void Trainer::require_finite_state() const {
  for (const NamedTensor& entry : inputs_.model->state()) {
    if (entry.tensor.is_floating_point() && !entry.tensor.isfinite().all().item<bool>()) {
      throw Error(ErrorCode::kFailed,
                  fmt::format("{} has values that are not finite; a smaller learning rate or a longer warm-up usually "
                              "helps",
                              entry.name));
    }
  }
}

CheckpointValue Trainer::snapshot() const {
  ModelFile file;
  file.model = judged();
  file.input = inputs_.input;
  file.subjects = inputs_.subjects;
  file.latent_rule = standing_.rule();
  if (file.latent_rule->uses_noise()) {
    file.latent_noise = latent_noise(*file.latent_rule, inputs_.model->options().latent_size, inputs_.seed);
  }
  const std::optional<Validation>& latest = standing_.record().latest;
  const double error = latest ? latest->error_of(*file.latent_rule) : std::numeric_limits<double>::quiet_NaN();
  const RunState state{position_, means_.sums(), standing_.record(), bad_steps_.count(), log_.rows(), inputs_.origin};
  return training_checkpoint(file, *inputs_.model, step_, {inputs_.seed, error}, state);
}

void Trainer::warn_if_worse_than_mean_picture() const {
  if (!standing_.record().best || standing_.best_error() < yardsticks_.mean_picture) return;
  log::warning(
      "the best epoch's squared error on validation is {:.1f}, the mean training picture's is {:.1f}: this network is "
      "no better than one picture for everyone. Train longer, or with a longer warm-up (training.warmup.epochs, now "
      "{})",
      standing_.best_error(), yardsticks_.mean_picture, inputs_.training.warmup.epochs);
}

TrainingPhase Trainer::phase() const {
  return epoch() <= inputs_.training.warmup.epochs ? TrainingPhase::kWarmup : TrainingPhase::kIntrospective;
}

double Trainer::learning_rate() const {
  if (phase() == TrainingPhase::kWarmup) return inputs_.training.warmup.learning_rate;
  const std::int64_t epochs = position_.epochs - inputs_.training.warmup.epochs;
  return scheduled_rate(inputs_.training.schedule, inputs_.training.learning_rate,
                        epochs * loader_.batches() + position_.steps, loader_.batches(), inputs_.training.epochs);
}

}  // namespace ra

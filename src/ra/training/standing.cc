#include "ra/training/standing.h"

#include "ra/base/log.h"

namespace ra {
namespace {

// Note [Which epoch is best]: the one with the smallest validation error of all, warm-up included, so that best.pt
// is never worse than what the user has seen in the log. Patience counts introspective epochs among themselves:
// a good warm-up must not end the phase that was asked for.

// Epochs in a row with an empty picture before the trainer says so.
constexpr int kCollapsedEpochs = 3;

}  // namespace

Standing::Standing(const TrainingOptions& options)
    : any_rule_(options.latent == "auto"),
      criterion_(any_rule_ ? LatentRule::fallback() : LatentRule::parse(options.latent)),
      warmup_epochs_(options.warmup.epochs),
      patience_(options.patience) {
  record_.best_introspective_epoch = warmup_epochs_;
}

LatentRule Standing::rule_of(const Validation& validation) const {
  return any_rule_ ? validation.best().rule : criterion_;
}

bool Standing::judge(int epoch, TrainingPhase phase, const Validation& validation) {
  const double error = validation.error_of(rule_of(validation));
  if (phase == TrainingPhase::kIntrospective && error < record_.best_introspective_error) {
    record_.best_introspective_error = error;
    record_.best_introspective_epoch = epoch;
  }
  watch_for_collapse(epoch, phase, validation);
  record_.latest = validation;
  if (record_.best && error >= best_error()) return false;
  record_.best = validation;
  record_.best_epoch = epoch;
  return true;
}

bool Standing::patience_is_spent(int epochs) const {
  return epochs > warmup_epochs_ && epochs - record_.best_introspective_epoch >= patience_;
}

void Standing::watch_for_collapse(int epoch, TrainingPhase phase, const Validation& validation) {
  std::optional<std::string> color = collapsed_to(validation);
  // A VAE starts from one gray picture; that is no collapse.
  if (phase == TrainingPhase::kWarmup && color == "gray") color.reset();
  record_.collapsed_epochs = color ? record_.collapsed_epochs + 1 : 0;
  if (record_.collapsed_epochs != kCollapsedEpochs) return;
  log::warning(
      "epoch {}: the network answers every slice with the same {} picture. Introspective losses do that to a network "
      "that has not learnt to reconstruct yet: set training.warmup.epochs (now {}), or raise it, and lower the "
      "learning rate if it goes on",
      epoch, *color, warmup_epochs_);
}

}  // namespace ra

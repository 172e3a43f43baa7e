#include "ra/training/training_clock.h"

#include <algorithm>

namespace ra {
namespace {

// An introspective step costs about this many warm-up steps (encoder and decoder passes, forward and backward).
constexpr double kIntrospectiveCost = 5.0;

}  // namespace

TrainingClock::TrainingClock(const TrainingOptions& options, std::int64_t steps_per_epoch)
    : limit_seconds_(options.max_minutes * 60.0),
      steps_(static_cast<double>(steps_per_epoch)),
      warmup_epochs_(options.warmup.epochs),
      epochs_(options.warmup.epochs + options.epochs) {}

void TrainingClock::start(const TrainingPosition& from, double seconds) {
  started_ = std::chrono::steady_clock::now();
  earlier_seconds_ = seconds;
  cost_before_ = cost_until(from);
}

double TrainingClock::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

bool TrainingClock::is_over() const { return limit_seconds_ > 0 && earlier_seconds_ + seconds() >= limit_seconds_; }

double TrainingClock::cost_until(const TrainingPosition& position) const {
  const double epochs = static_cast<double>(position.epochs) + static_cast<double>(position.steps) / steps_;
  const double warmup = std::min(epochs, warmup_epochs_);
  return steps_ * (warmup + kIntrospectiveCost * (epochs - warmup));
}

double TrainingClock::seconds_left(const TrainingPosition& now) const {
  const double all = cost_until({static_cast<std::int64_t>(epochs_), 0}), done = cost_until(now);
  const double left = seconds() * std::max(all - done, 0.0) / std::max(done - cost_before_, 1e-9);
  if (limit_seconds_ <= 0) return left;
  return std::min(left, std::max(limit_seconds_ - earlier_seconds_ - seconds(), 0.0));
}

}  // namespace ra

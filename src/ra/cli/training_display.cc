#include "ra/cli/training_display.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

namespace ra {
namespace {

// Without a terminal a step is shown only when nothing was for this long; epochs usually say enough.
constexpr std::chrono::seconds kSilence{60};

class TrainingDisplay {
 public:
  explicit TrainingDisplay(ProgressLine& line) : line_(line) {}

  void show_step(const TrainingProgress& p) {
    if (!line_.is_terminal() && std::chrono::steady_clock::now() - shown_ < kSilence) return;
    shown_ = std::chrono::steady_clock::now();
    const std::string validation =
        last_ ? fmt::format(", val {:.1f} (best {:.1f})", last_->validation_error, last_->best_error) : "";
    line_.update(fmt::format("epoch {}/{} {} step {}/{}: error {:.1f}, KL {:.1f}{}, {:.1f} slices/s, {} left", p.epoch,
                             p.epochs, to_string(p.phase), p.step, p.steps, p.squared_error, p.kl, validation,
                             p.slices_per_second, format_duration(p.seconds_left)));
  }

  void show_epoch(const EpochReport& epoch) {
    last_ = epoch;
    if (line_.is_terminal()) return;
    shown_ = std::chrono::steady_clock::now();
    line_.update(
        fmt::format("epoch {}/{} {}: error {:.1f} in training, {:.1f} on validation (best {:.1f} in epoch {}), "
                    "{:.1f} slices/s, {} left",
                    epoch.epoch, epoch.epochs, to_string(epoch.phase), epoch.training_error, epoch.validation_error,
                    epoch.best_error, epoch.best_epoch, epoch.slices_per_second, format_duration(epoch.seconds_left)));
  }

 private:
  ProgressLine& line_;
  std::optional<EpochReport> last_;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

const char* reason(TrainingEnd end) {
  switch (end) {
    case TrainingEnd::kLastEpoch:
      return "";
    case TrainingEnd::kPatience:
      return ", stopped because validation no longer improved (training.patience)";
    case TrainingEnd::kTimeLimit:
      return ", stopped by training.max_minutes";
    case TrainingEnd::kSignal:
      return ", stopped by a signal";
  }
  return "";
}

}  // namespace

TrainingCallbacks show_training(ProgressLine& line) {
  const auto display = std::make_shared<TrainingDisplay>(line);
  return {[display](const TrainingProgress& progress) { display->show_step(progress); },
          [display](const EpochReport& epoch) { display->show_epoch(epoch); }};
}

std::string describe(const Validation& validation) {
  std::string text;
  for (const RuleError& error : validation.errors) {
    text += fmt::format("{}{:.1f} by {} ({:.0f} % nearest to their own input)", text.empty() ? "" : ", ",
                        error.squared_error, error.rule.text(), 100 * error.own_share);
  }
  return text;
}

void print_training_report(const TrainingReport& report, const std::string& resume_command) {
  const std::string steps = report.steps > 0 ? fmt::format(" and {} steps", report.steps) : "";
  fmt::print("{} epochs{} trained{}.\n", report.epochs, steps, reason(report.end));
  if (report.best) {
    fmt::print(
        "Squared error on validation in the best epoch, {}: {}; the mean training picture has {:.1f}, black {:.1f}. "
        "The model's latent rule is {}.\nBest model: {}\n",
        *report.best_epoch, describe(*report.best), report.yardsticks.mean_picture, report.yardsticks.black,
        report.latent_rule->text(), report.best_checkpoint.string());
  }
  fmt::print("Last model: {}\n", report.latest_checkpoint.string());
  if (report.end == TrainingEnd::kSignal) fmt::print("Go on with: {}\n", resume_command);
  std::fflush(stdout);
}

}  // namespace ra

#pragma once

#include <string>

#include "ra/base/progress.h"
#include "ra/training/trainer.h"

namespace ra {

// Shows a training on `line`, which must outlive the callbacks: every step on a terminal, plain lines now and then
// elsewhere.
TrainingCallbacks show_training(ProgressLine& line);

// "188.0 by mean (60 % nearest to their own input), ...": a validation in words.
std::string describe(const Validation& validation);

// Prints what a training came to beside its yardsticks, where its checkpoints are, and, when it was stopped, the
// command by which it goes on.
void print_training_report(const TrainingReport& report, const std::string& resume_command);

}  // namespace ra

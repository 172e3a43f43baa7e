#pragma once

#include <chrono>
#include <cstdint>

#include "ra/training/run_state.h"
#include "ra/training/training_options.h"

namespace ra {

// The time of a run on the steady clock, which no correction of the date moves.
class TrainingClock {
 public:
  TrainingClock(const TrainingOptions& options, std::int64_t steps_per_epoch);

  // The run goes on from `from`, after `seconds` of earlier starts.
  void start(const TrainingPosition& from, double seconds);
  // Whether the run, its earlier starts included, has had its training.max_minutes.
  bool is_over() const;
  // Estimate to the last epoch or the time limit, by what was done since the start.
  double seconds_left(const TrainingPosition& now) const;

 private:
  double seconds() const;
  double cost_until(const TrainingPosition& position) const;

  double limit_seconds_, steps_, warmup_epochs_, epochs_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  double earlier_seconds_ = 0.0, cost_before_ = 0.0;
};

}  // namespace ra

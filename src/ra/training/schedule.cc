#include "ra/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ra {
namespace {

double share(const ScheduleOptions& schedule, std::int64_t step, std::int64_t steps_per_epoch, int epochs) {
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      return 1.0;
    case ScheduleKind::kStep:
      return std::pow(schedule.factor, static_cast<double>(step / steps_per_epoch / schedule.every_epochs));
    case ScheduleKind::kCosine: {
      const double all = static_cast<double>(steps_per_epoch) * epochs;
      const double done = std::min(static_cast<double>(step) / all, 1.0);
      return schedule.final_share + (1.0 - schedule.final_share) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    }
  }
  return 1.0;
}

}  // namespace

double scheduled_rate(const ScheduleOptions& schedule, double base, std::int64_t step, std::int64_t steps_per_epoch,
                      int epochs) {
  const double rate = base * share(schedule, step, steps_per_epoch, epochs);
  if (step >= schedule.ramp_steps) return rate;
  return rate * static_cast<double>(step + 1) / schedule.ramp_steps;
}

}  // namespace ra

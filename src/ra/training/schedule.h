#pragma once

#include <cstdint>

#include "ra/training/training_options.h"

namespace ra {

// The learning rate of an introspective step: `base` times the schedule. `step` counts introspective steps from 0,
// `steps_per_epoch` and `epochs` are those of the introspective phase; only cosine looks at `epochs`.
//   constant: base
//   step:     base * factor^floor(epoch / every_epochs), epochs from 0
//   cosine:   base * (final_share + (1 - final_share) * (1 + cos(pi * t)) / 2), t = step / all steps (Loshchilov and
//             Hutter, "SGDR", ICLR 2017, without restarts)
// each times (step + 1) / ramp_steps while step < ramp_steps (Goyal et al., 2017, "gradual warmup").
double scheduled_rate(const ScheduleOptions& schedule, double base, std::int64_t step, std::int64_t steps_per_epoch,
                      int epochs);

}  // namespace ra

#pragma once

#include <span>

#include "ra/metrics/curves.h"
#include "ra/metrics/estimate.h"
#include "ra/metrics/roc.h"

namespace ra {

// What binning can have done to a metric: the value of the unbinned scores lies in the interval for certain (up to
// rounding), because only the order within a bin is unknown. Both classes are needed, kUsage otherwise.

Interval auroc_bracket(std::span<const RocStep> steps);
Interval average_precision_bracket(std::span<const RocStep> steps);
Interval best_dice_bracket(std::span<const RocStep> steps);

// Of area_to_fpr_limit() on region_overlap_curve().
Interval aupro_bracket(std::span<const CurvePoint> curve, double fpr_limit);

}  // namespace ra

#pragma once

#include "ra/evaluation/case_statistics.h"

namespace ra {

// Localization of every set at the threshold of the results. Protocol "localization", mode "paper": box by box as the
// reference judges (metrics/localization.h), for the set, per class ("class=mass") and per size ("size=small"), with
// Wilson's interval; mode "strict": a box is found by a component of the map with an intersection over union of at
// least kStrictIou, with intervals by subject (Wilson's where the bootstrap says nothing and every box is of another
// subject; none where boxes share one), and FROC over the images of the set. Protocol "pixel": AUROC, AP, best Dice and
// AUPRO on brain pixels of the set's images, for every method, and the mean Dice at the threshold.
void add_localization(EvaluationResults& results, const BootstrapOptions& options);
void add_pixel_metrics(EvaluationResults& results, const BootstrapOptions& options);

}  // namespace ra

#pragma once

#include "ra/evaluation/case_statistics.h"

namespace ra {

// Groups of people (columns site, scanner, field_strength, sex, age of the manifest; ages in three bands) with at
// least two values: protocol "bias", group "site=A", over all sets: the mean score of healthy cases, the share of
// them above the 95 % quantile of all healthy scores, and the AUROC of the group's cases. A warning where a group's
// healthy scores differ from those of the others (the interval of the AUROC between them leaves out 0.5).
void add_bias(EvaluationResults& results, const BootstrapOptions& options);

// "under 40", "40 to 59", "60 and over"; the text itself where it is no number.
std::string age_band(const std::string& age);

}  // namespace ra

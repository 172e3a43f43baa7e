#pragma once

#include <string>
#include <vector>

#include "ra/report/page_body.h"
#include "ra/report/page_files.h"

namespace ra {

// The sections of one evaluation: headline table, curves, score distributions, box plots, detection by class and
// size, FROC, groups, thresholds, latent space, gallery and the table of all metrics. A section whose files are
// missing is left out. `prefix` makes its ids distinct ("r0e1"), `heading` names it in titles where there are several.
void add_evaluation_sections(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                             const std::string& heading);

// scores.csv of a screening as a table, the highest scores first, with their distribution.
void add_screening_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading);

}  // namespace ra

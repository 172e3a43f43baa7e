#pragma once

#include <string>
#include <vector>

#include "ra/report/page_files.h"

namespace ra {

// The metrics of a protocol, the strict one where a metric is there both in the paper's mode and in the strict one.
std::vector<Json> preferred_metrics(const EvaluationFiles& evaluation, const std::string& protocol);

// All metrics of the runs as CSV: a row a metric, with the run and the evaluation that it is of.
std::string metrics_csv(const std::vector<RunFiles>& runs);

// All curves as CSV: a row a point.
std::string curves_csv(const std::vector<RunFiles>& runs);

// A number or list of numbers as text ("400/600" for lists).
std::string counts_text(const Json& metric);

}  // namespace ra

#pragma once

#include <filesystem>

#include "ra/evaluation/evaluation_results.h"

namespace ra {

// Prints what an evaluation came to: failures and warnings on standard error, the headline metrics with their
// intervals and the folder of the rest on standard output, which `quiet` leaves out.
void print_evaluation(const EvaluationResults& results, const std::filesystem::path& folder, bool quiet);

}  // namespace ra

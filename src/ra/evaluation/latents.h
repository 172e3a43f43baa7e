#pragma once

#include <vector>

#include "ra/evaluation/evaluation_results.h"

namespace ra {

struct LatentPoint {
  double x = 0.0, y = 0.0;
};

// The two principal components, exactly, of the latents of all inputs and re-encoded reconstructions together: first
// one point a case for the inputs, then one a case for the reconstructions. The sign is fixed by the largest loading.
// Empty where the cases have no latents, zeros where all are equal.
std::vector<LatentPoint> latents_in_two_dimensions(const EvaluationResults& results);

}  // namespace ra

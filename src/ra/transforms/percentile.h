#pragma once

#include <vector>

namespace ra {

// The q-th percentile (q in [0,100]) of at least one value, linear interpolation between neighbours; computed in
// float32 exactly as numpy.percentile does for a float32 array. Reorders its own copy.
float percentile(std::vector<float> values, double q);

}  // namespace ra

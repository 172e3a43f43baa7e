#pragma once

#include <string>

#include "ra/detection/inference_backend.h"

namespace ra {

// Names under which results of a model are kept for later runs (result_cache.h): they tell it from every other.

// Of the network, by the hash of its file or, without one, of its weights.
std::string name_of_network(const ScreeningModel& model);
// Of its perceptual distance.
std::string name_of_distance(const ScreeningModel& model);
// Of all that it makes of a slice.
std::string name_of_screening(const ScreeningModel& model);

}  // namespace ra

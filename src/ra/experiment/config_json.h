#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ra/experiment/experiment_config.h"

namespace ra {

// The top-level keys of an experiment file in order, each with its value in JSON; together they hold every field.
std::vector<std::pair<std::string, std::string>> config_json(const ExperimentConfig& config);

}  // namespace ra

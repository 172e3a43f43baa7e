#pragma once

#include <string>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/yaml_tree.h"

namespace ra {

// Sets the fields of `config` that a native document names; the others keep their values. kUsage with file, line
// and key for an unknown key (with the nearest known one) or a value of the wrong type. Ranges are finish()'s.
void apply_yaml(const YamlNode& document, const std::string& origin, ExperimentConfig& config);

// Applies one "key.path=value" of --set; the value is YAML ("[a, b]" for a list). Errors name the option.
void apply_setting(const std::string& setting, ExperimentConfig& config);

// The whole configuration as a native document with a comment above every field. Reading it gives the same
// configuration.
std::string to_yaml(const ExperimentConfig& config);

}  // namespace ra

#pragma once

#include <map>
#include <string>

#include "ra/experiment/experiment_config.h"

namespace ra {

// The settings that the weights of a trained model depend on, in JSON by their key ("training.learning_rate"). Not
// among them, and so free to change when a run goes on: where things lie and what they are called, how long it trains,
// how often it saves, how it is tracked, and what is done with the model later.
std::map<std::string, std::string> result_settings(const ExperimentConfig& config);

// kUsage naming the settings that differ. Those that only one side knows (of another version) are not compared.
void require_same_settings(const std::map<std::string, std::string>& before,
                           const std::map<std::string, std::string>& now);

}  // namespace ra

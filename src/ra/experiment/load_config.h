#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ra/experiment/experiment_config.h"

namespace ra {

// An experiment file that was read.
struct LoadedConfig {
  ExperimentConfig config;
  bool is_reference = false;       // converted from a file of the reference's shape
  std::vector<std::string> notes;  // what its conversion left out, a sentence each
};

// Reads a native or a reference file, applies the settings ("key.path=value") in order, and checks every range.
// kUsage with the file (or the setting), the line, the key and the remedy.
LoadedConfig load_config(const std::filesystem::path& path, const std::vector<std::string>& settings = {});

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"

namespace ra {

// The run folder of a configuration: its `output`, or runs/<time>_<name>, so that names sort by time.
std::filesystem::path run_folder_of(const ExperimentConfig& config);

// Makes the folder and writes config.yaml (the configuration in full) and environment.json (versions, seed, device,
// threads, SHA-256 of the data). kUsage when a run is there already and `overwrite` is not set; with it, metrics,
// checkpoints and figures of that run are removed. kIo when the folder cannot be written.
void prepare_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config,
                        const ExperimentFiles& files, at::Device device, bool overwrite);

}  // namespace ra

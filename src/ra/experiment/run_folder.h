#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"

namespace ra {

// The run folder of a configuration: its `output`, or runs/<time>_<name>, so that names sort by time.
std::filesystem::path run_folder_of(const ExperimentConfig& config);

// The folder of one downstream task's results: its `output`, or downstream/<name> in the run folder.
std::filesystem::path task_folder_of(const DownstreamTask& task, const std::filesystem::path& run_folder);

// Makes the run folder, before any work. kUsage when it, or the folder of a downstream task, holds results already
// and `overwrite` is not set; kIo when it cannot be written. Nothing in it is changed.
void claim_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config, bool overwrite);

// Writes config.yaml (the configuration in full) and environment.json (versions, seed, device, threads, SHA-256 of
// the data). For task train the metrics, checkpoints and figures of an earlier training are removed first: call it
// when everything that can be wrong with the input was found.
void begin_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config, const ExperimentFiles& files,
                      at::Device device);

}  // namespace ra

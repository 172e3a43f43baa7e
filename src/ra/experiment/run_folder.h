#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "ra/base/lock_file.h"
#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"
#include "ra/training/run_state.h"

namespace ra {

// The run folder of a configuration: its `output`, or runs/<time>_<name>, so that names sort by time.
std::filesystem::path run_folder_of(const ExperimentConfig& config);

// The folder of one downstream task's results: its `output`, or downstream/<name> in the run folder.
std::filesystem::path task_folder_of(const DownstreamTask& task, const std::filesystem::path& run_folder);

// A run folder in the hands of this process, until it is destroyed.
using ClaimedFolder = std::unique_ptr<LockFile>;

// Makes the run folder and takes it, before any work. kUsage when another process works in it, or when it, or the
// folder of a downstream task, holds results already and `overwrite` is not set; kIo when it cannot be written. Results
// in it are not changed; temporary files of killed processes are removed.
ClaimedFolder claim_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config, bool overwrite);

// Takes the folder of a run that is to go on. kUsage when it is none, or another process works in it.
ClaimedFolder claim_run_to_resume(const std::filesystem::path& folder);

// By what data.train, data.val and data.test are told from other lists: the contents of their files, in order.
std::vector<DataIdentity> identify_data(const DataFiles& files);
// kUsage naming the list of `before` that training reads (data.train, data.val) and that is another one now.
void require_same_data(const std::vector<DataIdentity>& before, const std::vector<DataIdentity>& now);

// Writes config.yaml (the configuration in full) and environment.json (versions, seed, device, threads, SHA-256 of
// the data). For task train what an earlier training left is moved to `replaced` first, if it had saved anything (only
// states do not drive out what is there already): call it when everything that can be wrong with the input was found,
// and forget_replaced() when the new one has saved a best.pt.
void begin_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config,
                      const std::vector<DataIdentity>& data, at::Device device);
void forget_replaced(const std::filesystem::path& folder);

// The same for a run that goes on after so many epochs: config.yaml is written anew, environment.json gets an entry in
// `resumed`, and example pictures of later epochs are removed.
void continue_run_folder(const std::filesystem::path& folder, const ExperimentConfig& config, at::Device device,
                         std::int64_t epochs);

}  // namespace ra

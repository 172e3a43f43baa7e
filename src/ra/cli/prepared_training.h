#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "ra/cli/common_options.h"
#include "ra/experiment/experiment_files.h"
#include "ra/experiment/run_folder.h"
#include "ra/experiment/run_training.h"

namespace ra {

// An experiment about to begin or to go on, in a folder that is this process's.
struct PreparedTraining {
  ExperimentConfig config;
  std::filesystem::path folder;
  TrainingStart start;
  ExperimentFiles files;
  ClaimedFolder claimed;
};

// What --resume RUN goes on with; `files` is for the caller to find. kUsage when words were given that a run decides
// for itself (`others`, such as CONFIG; --seed; --overwrite), and as claim_run_to_resume() and resumed_run() say.
PreparedTraining prepare_resumed(const std::string& run, const CommonOptions& common, bool others);

// Makes --precision, where it was given, the training's, whatever the experiment file says.
void set_training_precision(CommonOptions& common);

// Trains with a line of progress, and prints what it came to unless `quiet`; `verb` is the one that would resume it.
TrainingReport train_with_progress(PreparedTraining& run, at::Device device, bool quiet, const std::string& verb);

}  // namespace ra

#pragma once

#include <filesystem>
#include <vector>

#include "ra/data/path_list.h"
#include "ra/experiment/experiment_config.h"

namespace ra {

// The files of one EvaluationSet, row by row; labels and masks are empty or as many as the images.
struct EvaluationSetFiles {
  std::vector<std::filesystem::path> images, labels, masks;
};

// Every file that an experiment reads.
struct ExperimentFiles {
  DataFiles data;                                           // of task train
  std::filesystem::path weights;                            // of task test
  std::vector<std::vector<EvaluationSetFiles>> downstream;  // [task][dataset], as in the configuration
};

// Finds them, before any work is done. kUsage naming every missing file, the weights of task test included, once
// (at most ten); for a subject in two of train, val and test unless data.allow_overlap; also for an empty list, a task
// train without train or val entries, and label or mask lists that are shorter or longer than their images.
ExperimentFiles find_experiment_files(const ExperimentConfig& config);

}  // namespace ra

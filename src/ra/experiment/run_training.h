#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"
#include "ra/tracking/run_trackers.h"
#include "ra/training/trainer.h"

namespace ra {

// Where a training begins: by default at a new model in an empty run folder.
struct TrainingStart {
  // A state of the run in the folder (`resumes`), or a model file to begin a new run from.
  std::optional<TrainingCheckpoint> from;
  bool resumes = false;
};

// The run in a folder that was claimed: its config.yaml with `settings` on top and `data_root` where not empty, and the
// state that it goes on from. A run that has saved nothing begins anew, which is said. kUsage for a setting that would
// change what is trained, or end the run before the epochs that it has finished; else as find_resume_point().
struct ResumedRun {
  ExperimentConfig config;
  TrainingStart start;
};
ResumedRun resumed_run(const std::filesystem::path& folder, const std::vector<std::string>& settings,
                       const std::string& data_root);

// A training that begins with the model and the optimisers of a file, ours or the reference's, in a new run, and counts
// epochs on from it. `config.model` gets the file's layout of equal widths (Note [conv_expand]). kUsage for a network
// of another shape, and when no epochs are left.
TrainingStart start_from_file(const std::filesystem::path& path, ExperimentConfig& config);

// Trains what the configuration says into a claimed run folder: estimates the memory, reads the slices, begins or
// continues the folder, and runs the Trainer, whose report and errors it passes on. Results of an earlier run are
// untouched until every slice was read. kUsage when data.train or data.val is not what a resumed run began with;
// kUnsupported when the memory would not do. `on_load(done, total)` is called while slices are read.
TrainingReport run_training(const ExperimentConfig& config, const ExperimentFiles& files,
                            const std::filesystem::path& folder, at::Device device, TrainingStart start = {},
                            TrainingCallbacks callbacks = {},
                            const std::function<void(std::size_t, std::size_t)>& on_load = {});

// How well the best model of a run reconstructs the test slices, by all latent rules; logged with the word
// Test. nullopt without test slices.
std::optional<Validation> run_test(const ExperimentConfig& config, const ExperimentFiles& files,
                                   const std::filesystem::path& folder, at::Device device, RunTrackers& trackers);

}  // namespace ra

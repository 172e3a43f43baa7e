#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <functional>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"
#include "ra/training/trainer.h"

namespace ra {

// Trains what the configuration says into a claimed run folder: reads the slices, begins the folder, makes a new model
// from the seed, and runs the Trainer, whose report and errors it passes on. Results of an earlier run are untouched
// until every slice was read. `on_load(done, total)` is called while slices are read.
TrainingReport run_training(const ExperimentConfig& config, const ExperimentFiles& files,
                            const std::filesystem::path& folder, at::Device device, TrainingCallbacks callbacks = {},
                            const std::function<void(std::size_t, std::size_t)>& on_load = {});

// How well the best model of a run reconstructs the test slices, by all latent rules; appended to metrics.jsonl with
// the word Test. nullopt without test slices.
std::optional<Validation> run_test(const ExperimentConfig& config, const ExperimentFiles& files,
                                   const std::filesystem::path& folder, at::Device device);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <functional>

#include "ra/detection/anomaly_detector.h"
#include "ra/experiment/experiment_config.h"
#include "ra/experiment/experiment_files.h"
#include "ra/report/evaluation_output.h"

namespace ra {

// The detector of an experiment: `weights`, with slices prepared as the configuration says (files of the reference
// do not say it themselves). kUsage when the file holds a network of another shape than `model`.
AnomalyDetector load_detector(const ExperimentConfig& config, const std::filesystem::path& weights, at::Device device);

// What a downstream task came to.
struct DownstreamResult {
  std::filesystem::path folder;
  EvaluationResults results;
};

// Runs downstream task number `task` and writes its evaluation folder (report/evaluation_output.h). Of `asked`, the
// threshold and the number of resamples count; the rest is as the experiment says. Steps to add a kind: its protocol in
// evaluation/, its case in protocols_of().
DownstreamResult run_downstream_task(const ExperimentConfig& config, std::size_t task, const ExperimentFiles& files,
                                     const AnomalyDetector& detector, const std::filesystem::path& run_folder,
                                     const std::function<void(std::size_t, std::size_t)>& progress = {},
                                     const EvaluationOptions& asked = {});

// kUsage when a downstream set holds a subject of the training or validation slices, before anything is trained, unless
// data.allow_overlap.
void require_new_subjects(const ExperimentConfig& config, const ExperimentFiles& files);

}  // namespace ra

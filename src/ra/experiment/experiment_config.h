#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/data_options.h"
#include "ra/detection/detection_options.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/tracking/tracking_options.h"
#include "ra/training/training_options.h"
#include "ra/transforms/augmentation.h"
#include "ra/transforms/input.h"

namespace ra {

// What a downstream task does with a trained model (REFERENCE.md, "Evaluation protocols").
enum class DownstreamKind { kDetection, kLocalization, kThresholding, kLatents, kPseudoHealthy };
std::string_view to_string(DownstreamKind kind);

// A named set of test images. `Normal` in its name makes it healthy.
struct EvaluationSet {
  std::string name;
  // Entries as in DataOptions.
  std::vector<std::string> test;
  // One box mask an image, in the same order.
  std::vector<std::string> labels;
  // One counted-outside mask an image, in the same order: 1 where a positive pixel counts as false.
  std::vector<std::string> masks;

  bool is_healthy() const { return name.find("Normal") != std::string::npos; }
};

struct DownstreamTask {
  std::string name;
  DownstreamKind kind = DownstreamKind::kDetection;
  // Folder of its results; empty is <run folder>/downstream/<name>.
  std::string output;
  std::vector<EvaluationSet> datasets;
};

// Everything that an experiment file says.
struct ExperimentConfig {
  std::string name = "experiment";
  // "train" (train, test, then every downstream task) or "test" (downstream tasks only, with `weights`).
  std::string task = "train";
  // Model file for task test.
  std::string weights;
  // Run folder; empty is runs/<time>_<name>.
  std::string output;
  std::uint64_t seed = kDefaultSeed;
  // auto, cpu or cuda.
  std::string device = "auto";
  DataOptions data;
  InputOptions input;  // image_size and image_channels follow `model`
  ModelOptions model;
  AugmentationOptions augmentation;
  TrainingOptions training;
  TrackingOptions tracking;
  DetectionOptions detection;
  std::vector<DownstreamTask> downstream_tasks;

  // Makes `input` follow `model`, then throws ra::Error kUsage naming the first field that is out of range.
  void finish();
};

}  // namespace ra

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/metrics/auroc_interval.h"

namespace ra {

// A named list of images. `Normal` in the name makes it part of the negative class, as in the reference.
struct DetectionSet {
  std::string name;
  std::vector<std::filesystem::path> images;

  bool is_normal() const { return name.find("Normal") != std::string::npos; }
};

// The score of one image.
struct ImageScore {
  std::string set;
  std::filesystem::path image;
  double score = 0.0;
  double reconstruction_mae = 0.0;
};

// One set against the union of the Normal sets; undefined where a class is missing.
struct DetectionMetrics {
  std::string set;
  std::size_t healthy = 0, pathological = 0;
  std::optional<double> auroc, average_precision, fpr_at_95_tpr, fpr_at_99_tpr;
  std::optional<Interval> auroc_interval;  // 95 %, percentile bootstrap over images, 2000 resamples
};

struct DetectionReport {
  std::vector<ImageScore> scores;
  std::vector<DetectionMetrics> metrics;   // one for each set that is not Normal
  std::vector<std::string> failures;       // images that could not be read, with the reason
};

// Scores every image (the middle slice of a volume) and compares each set with the Normal ones. A row that names
// an image again scores it again, as the reference does. `seed` draws the bootstrap.
DetectionReport evaluate_detection(const AnomalyDetector& detector, const std::vector<DetectionSet>& sets,
                                   std::uint64_t seed,
                                   const std::function<void(std::size_t done, std::size_t total)>& progress = {});

// The metrics alone, from scores.
std::vector<DetectionMetrics> detection_metrics(const std::vector<ImageScore>& scores, std::uint64_t seed);

}  // namespace ra

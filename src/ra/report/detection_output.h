#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "ra/evaluation/detection.h"
#include "ra/report/contact_sheet.h"

namespace ra {

// The detection protocol with what it is compared with, ready to be written.
struct DetectionComparison {
  DetectionReport report;
  // |x - mean healthy training picture| on the same cases; empty without training pictures.
  std::vector<ImageScore> mean_picture_scores;
  std::vector<DetectionMetrics> mean_picture_metrics;
  // The detector's own scores with the labels dealt out at random: what chance gives.
  std::vector<DetectionMetrics> shuffled_metrics;
};

// Evaluates `sets`; `training` pictures make the opponent.
DetectionComparison compare_detection(const AnomalyDetector& detector, const std::vector<DetectionSet>& sets,
                                      const std::vector<std::filesystem::path>& training, std::uint64_t seed,
                                      const std::function<void(std::size_t, std::size_t)>& progress = {});

// Writes scores.csv (one row an image) and detection.json into `folder`.
void write_detection_output(const std::filesystem::path& folder, const DetectionComparison& comparison,
                            const DetectorIdentity& detector);

// The masks of images, where they are known.
using TruthMasks = std::map<std::filesystem::path, std::filesystem::path>;

// A contact sheet of `per_set` images of each set, evenly spaced in the order of their scores (so not picked for their
// looks), with one colour scale for all.
RgbPicture detection_sheet(const AnomalyDetector& detector, const DetectionReport& report, const TruthMasks& truth,
                           int per_set);

// "0.912 (0.871-0.947)", "undefined" without a value: for people.
std::string format_with_interval(const std::optional<double>& value, const std::optional<Interval>& interval);

}  // namespace ra

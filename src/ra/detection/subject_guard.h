#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ra/detection/anomaly_detector.h"

namespace ra {

// Which of some subjects a model has seen; names as in the question.
struct SubjectOverlap {
  bool training_known = false;  // false for imported checkpoints: nobody can say whom they saw
  std::vector<std::string> training, validation, calibration;

  bool any() const { return !training.empty() || !validation.empty() || !calibration.empty(); }
  // "2 of the subjects were trained on (sub-1, sub-2); ..."; empty if any() is false.
  std::string describe() const;
};

// Compares subjects (data/subject.h) with those that the detector's file says it was trained, validated and
// calibrated on.
SubjectOverlap check_overlap(const AnomalyDetector& detector, std::span<const std::string> subjects);

// The same for a model that is no detector yet; `calibration` may be null.
SubjectOverlap check_overlap(const std::optional<SeenSubjects>& seen, const Calibration* calibration,
                             std::span<const std::string> subjects);

// Whether the file that the detector came from was trained or calibrated with shared subjects allowed.
bool overlap_was_allowed(const AnomalyDetector& detector);

// What every reader of the detector's numbers must know of the people behind it: the overlaps that its file says were
// allowed, and that nobody knows whom it was trained on. A sentence each; empty when there is nothing to say.
std::vector<std::string> subject_warnings(const AnomalyDetector& detector);

// kUsage that names the subjects and --allow-overlap, unless there are none or `allowed`.
void require_no_overlap(const SubjectOverlap& overlap, bool allowed);

}  // namespace ra

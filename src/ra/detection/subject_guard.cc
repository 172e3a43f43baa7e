#include "ra/detection/subject_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "ra/base/error.h"
#include "ra/data/subject.h"

namespace ra {
namespace {

constexpr std::size_t kShown = 3;

// Those of `subjects` whose hash is in `hashes`, each once.
std::vector<std::string> seen_among(std::span<const std::string> subjects, const std::vector<std::string>& hashes) {
  const std::unordered_set<std::string> known(hashes.begin(), hashes.end());
  std::unordered_set<std::string> asked;
  std::vector<std::string> seen;
  for (const std::string& subject : subjects) {
    if (asked.insert(subject).second && known.contains(subject_hash(subject))) seen.push_back(subject);
  }
  return seen;
}

}  // namespace

std::string SubjectOverlap::describe() const {
  std::vector<std::string> parts;
  const auto add = [&](const std::vector<std::string>& subjects, const char* what) {
    if (subjects.empty()) return;
    const std::span<const std::string> shown(subjects.data(), std::min(subjects.size(), kShown));
    parts.push_back(fmt::format("{} of the subjects belong to its {} ({}{})", subjects.size(), what,
                                fmt::join(shown, ", "), subjects.size() > kShown ? ", ..." : ""));
  };
  add(training, "training");
  add(validation, "validation");
  add(calibration, "calibration");
  return fmt::format("{}", fmt::join(parts, "; "));
}

SubjectOverlap check_overlap(const AnomalyDetector& detector, std::span<const std::string> subjects) {
  return check_overlap(detector.training_subjects(), detector.calibration(), subjects);
}

SubjectOverlap check_overlap(const std::optional<SeenSubjects>& seen, const Calibration* calibration,
                             std::span<const std::string> subjects) {
  SubjectOverlap overlap;
  if (seen) {
    overlap.training_known = true;
    overlap.training = seen_among(subjects, seen->training);
    overlap.validation = seen_among(subjects, seen->validation);
  }
  if (calibration != nullptr) overlap.calibration = seen_among(subjects, calibration->subjects());
  return overlap;
}

bool overlap_was_allowed(const AnomalyDetector& detector) {
  const std::optional<SeenSubjects>& seen = detector.training_subjects();
  const Calibration* calibration = detector.calibration();
  return (seen && seen->overlap_allowed) || (calibration != nullptr && calibration->overlap_allowed);
}

std::vector<std::string> subject_warnings(const AnomalyDetector& detector) {
  std::vector<std::string> warnings;
  const std::optional<SeenSubjects>& seen = detector.training_subjects();
  if (!seen) {
    warnings.emplace_back("the model does not say whom it was trained on: no one can say whether these are new to it");
  } else if (seen->overlap_allowed) {
    warnings.emplace_back(
        "the model was trained with --allow-overlap: its training, validation and test data may share subjects");
  }
  if (detector.calibration() != nullptr && detector.calibration()->overlap_allowed) {
    warnings.emplace_back(
        "the model was calibrated on subjects that it had seen before (--allow-overlap): its p-values are too small "
        "and its thresholds too low");
  }
  return warnings;
}

void require_no_overlap(const SubjectOverlap& overlap, bool allowed) {
  if (allowed || !overlap.any()) return;
  throw Error(ErrorCode::kUsage, fmt::format("the model has seen some of these images: {}. Leave them out, or say "
                                             "--allow-overlap, and every output will say so",
                                             overlap.describe()));
}

}  // namespace ra

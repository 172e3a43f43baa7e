#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/evaluation/evaluate.h"

namespace ra {

// The version of results.json; a change that readers must know of raises it.
inline constexpr int kResultsFormat = 1;

struct EvaluationRunOptions {
  EvaluationOptions evaluation;         // `scratch` is the output folder
  SliceRule slices = SliceRule::mid();  // of volumes
  bool allow_overlap = false;           // judges subjects that the model has seen all the same; the output says it
  // Sentences on people that parts of the data share, which the caller found and allowed: the output says them.
  std::vector<std::string> shared_subjects;
};

// Judges a detector on labelled sets and writes the evaluation folder: results.json, timing.json, cases.csv,
// boxes.csv, latents.csv, latents_pca.csv, sheet.png and gallery/ (docs/evaluation.md lists what they hold). kUsage
// when the model has seen a subject of the sets and that is not allowed (`overlap_allowed` of results.json is true when
// it has, with `shared_subjects`, or when its file says that shared subjects were allowed before); kIo when the folder
// cannot be written.
EvaluationResults run_evaluation(const AnomalyDetector& detector, const std::vector<LabelledSet>& sets,
                                 const EvaluationRunOptions& options, const std::filesystem::path& folder,
                                 const std::function<void(std::size_t done, std::size_t total)>& progress = {});

// Whom sets show, as their rows say and as the images' names and contents say: a list that a model was trained from may
// not have named anybody.
std::vector<std::string> subjects_of_sets(const std::vector<LabelledSet>& sets);

}  // namespace ra

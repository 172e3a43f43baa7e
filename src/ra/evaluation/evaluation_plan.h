#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/data/manifest.h"
#include "ra/image/slices.h"

namespace ra {

// A picture, or a slice of a volume.
struct PlannedImage {
  std::filesystem::path file;
  std::optional<std::int64_t> slice;  // from inferior to superior; absent: a picture, or the middle slice

  std::string name() const;  // "'file'" or "'file' slice 7"
};

// One image of one set, with all its rows.
struct PlannedCase {
  std::size_t set = 0;
  std::size_t image = 0;  // in EvaluationPlan::images
  std::string subject;    // data/subject.h
  bool pathological = false;
  std::vector<ManifestRow> rows;
};

// Every image once, however many rows and sets name it, and the cases in the order of sets and rows.
struct EvaluationPlan {
  std::vector<std::string> sets;
  std::vector<PlannedImage> images;
  std::vector<PlannedCase> cases;
  std::vector<std::string> failures;  // volumes of which no slice can be taken, with the reason
};

// One sentence for every two sets of which one calls images healthy that the other does not.
std::vector<std::string> contradictions(const EvaluationPlan& plan);

// `slices` other than mid makes a case of every chosen slice of a volume that is not constant. A slice of a
// pathological volume with a mask is pathological where the mask has a voxel in it; without a mask, all slices are.
// kUsage when rows of one image contradict each other in label or subject, for two sets of one name, and for boxes in
// volumes of which other slices than the middle one are taken: a box does not say which slice it lies in.
EvaluationPlan plan_evaluation(const std::vector<LabelledSet>& sets, const SliceRule& slices = SliceRule::mid());

}  // namespace ra

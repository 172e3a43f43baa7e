#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "ra/data/manifest.h"

namespace ra {

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
  std::vector<std::filesystem::path> images;
  std::vector<PlannedCase> cases;
};

// kUsage when rows of one image contradict each other in label or subject, and for two sets of one name.
EvaluationPlan plan_evaluation(const std::vector<LabelledSet>& sets);

}  // namespace ra

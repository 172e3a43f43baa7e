#include "ra/evaluation/evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ra/base/error.h"
#include "ra/data/subject.h"

namespace ra {
namespace {

bool is_pathological(const LabelledSet& set, const ManifestRow& row) {
  return row.pathological.value_or(!set.is_normal());
}

// An image that cannot be read has no content to know it by; it fails later, with its reason.
std::string subject_of_row(const ManifestRow& row) {
  if (!row.subject.empty()) return row.subject;
  try {
    return subject_of(row.image);
  } catch (const Error&) {
    return "image:" + row.image.string();
  }
}

void add_row(const LabelledSet& set, const ManifestRow& row, PlannedCase& one) {
  const ManifestRow& first = one.rows.front();
  if (is_pathological(set, row) != one.pathological || row.subject != first.subject) {
    throw Error(ErrorCode::kUsage,
                fmt::format("set '{}': rows of '{}' differ in label or subject", set.name, row.image.string()));
  }
  one.rows.push_back(row);
}

}  // namespace

EvaluationPlan plan_evaluation(const std::vector<LabelledSet>& sets) {
  EvaluationPlan plan;
  std::unordered_map<std::string, std::size_t> images;
  for (const LabelledSet& set : sets) {
    if (std::find(plan.sets.begin(), plan.sets.end(), set.name) != plan.sets.end()) {
      throw Error(ErrorCode::kUsage, "two sets are called '" + set.name + "'; name them apart");
    }
    const std::size_t number = plan.sets.size();
    plan.sets.push_back(set.name);
    std::unordered_map<std::size_t, std::size_t> cases;  // image to case, within the set
    for (const ManifestRow& row : set.rows) {
      const auto [image, new_image] = images.emplace(row.image.lexically_normal().string(), plan.images.size());
      if (new_image) plan.images.push_back(row.image);
      const auto [place, new_case] = cases.emplace(image->second, plan.cases.size());
      if (new_case) {
        plan.cases.push_back({number, image->second, subject_of_row(row), is_pathological(set, row), {row}});
      } else {
        add_row(set, row, plan.cases[place->second]);
      }
    }
  }
  return plan;
}

}  // namespace ra

#include "ra/evaluation/evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "ra/base/error.h"
#include "ra/data/subject.h"
#include "ra/evaluation/source_slices.h"

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

bool is_constant(const Image& picture) {
  const auto [low, high] = std::minmax_element(picture.pixels.begin(), picture.pixels.end());
  return low == picture.pixels.end() || *low == *high;
}

bool has_voxel(const Image& mask) {
  return std::any_of(mask.pixels.begin(), mask.pixels.end(), [](float value) { return value > 0.0f; });
}

// An image that a row becomes.
struct RowImage {
  PlannedImage image;
  bool pathological = false;
};

class Planner {
 public:
  explicit Planner(const SliceRule& slices) : slices_(slices) {}

  void add(const LabelledSet& set) {
    if (std::find(plan_.sets.begin(), plan_.sets.end(), set.name) != plan_.sets.end()) {
      throw Error(ErrorCode::kUsage, "two sets are called '" + set.name + "'; name them apart");
    }
    plan_.sets.push_back(set.name);
    cases_.clear();
    for (const ManifestRow& row : set.rows) {
      const std::string subject = subject_of_row(row);
      for (const RowImage& one : images_of(set, row)) add_case(set, row, subject, one);
    }
  }

  EvaluationPlan plan() { return std::move(plan_); }

 private:
  std::vector<RowImage> images_of(const LabelledSet& set, const ManifestRow& row) {
    const bool pathological = is_pathological(set, row);
    const std::vector<RowImage> whole = {{{row.image, std::nullopt}, pathological}};
    if (slices_.text() == "mid") return whole;
    try {
      const std::optional<std::int64_t> count = files_.count(row.image);
      if (!count) return whole;
      return in_context("'" + row.image.string() + "'", [&] { return slices_of(row, *count, pathological); });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      plan_.failures.emplace_back(error.what());
      return {};
    }
  }

  std::vector<RowImage> slices_of(const ManifestRow& row, std::int64_t count, bool pathological) {
    if (!row.boxes.empty()) {
      throw Error(
          ErrorCode::kUsage,
          "it is a volume and has boxes, which do not say in which slice they lie; give masks, or --slices mid");
    }
    std::vector<RowImage> images;
    for (const std::int64_t slice : slices_.select(count)) {
      if (is_constant(files_.read(row.image, slice).picture)) continue;
      const bool here = pathological && (row.mask.empty() || has_voxel(files_.read(row.mask, slice).picture));
      images.push_back({{row.image, slice}, here});
    }
    if (images.empty()) throw Error(ErrorCode::kBadInput, "every slice of --slices " + slices_.text() + " is constant");
    return images;
  }

  void add_case(const LabelledSet& set, const ManifestRow& row, const std::string& subject, const RowImage& one) {
    const std::string key = row.image.lexically_normal().string() + "\n" + one.image.name();
    const auto [image, new_image] = images_.emplace(key, plan_.images.size());
    if (new_image) plan_.images.push_back(one.image);
    const auto [place, new_case] = cases_.emplace(image->second, plan_.cases.size());
    if (new_case) {
      plan_.cases.push_back({plan_.sets.size() - 1, image->second, subject, one.pathological, {row}});
      return;
    }
    PlannedCase& known = plan_.cases[place->second];
    const ManifestRow& first = known.rows.front();
    if (is_pathological(set, row) != is_pathological(set, first) || row.subject != first.subject) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("set '{}': rows of '{}' differ in label or subject", set.name, row.image.string()));
    }
    known.pathological = known.pathological || one.pathological;
    known.rows.push_back(row);
  }

  const SliceRule& slices_;
  SourceSlices files_;
  EvaluationPlan plan_;
  std::unordered_map<std::string, std::size_t> images_;
  std::unordered_map<std::size_t, std::size_t> cases_;  // image to case, within the set in progress
};

}  // namespace

std::string PlannedImage::name() const {
  return slice ? fmt::format("'{}' slice {}", file.string(), *slice) : fmt::format("'{}'", file.string());
}

std::vector<std::string> contradictions(const EvaluationPlan& plan) {
  std::vector<std::vector<std::size_t>> healthy_sets(plan.images.size());
  for (const PlannedCase& one : plan.cases) {
    if (!one.pathological) healthy_sets[one.image].push_back(one.set);
  }
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> images_of_sets;  // {healthy, not}
  for (const PlannedCase& one : plan.cases) {
    if (!one.pathological) continue;
    for (const std::size_t healthy : healthy_sets[one.image]) images_of_sets[{healthy, one.set}].push_back(one.image);
  }
  std::vector<std::string> all;
  for (const auto& [sets, images] : images_of_sets) {
    all.push_back(
        fmt::format("{} image(s) are healthy in set '{}' and pathological in set '{}', the first {}; one of "
                    "the two is wrong",
                    images.size(), plan.sets[sets.first], plan.sets[sets.second], plan.images[images.front()].name()));
  }
  return all;
}

EvaluationPlan plan_evaluation(const std::vector<LabelledSet>& sets, const SliceRule& slices) {
  Planner planner(slices);
  for (const LabelledSet& set : sets) planner.add(set);
  return planner.plan();
}

}  // namespace ra

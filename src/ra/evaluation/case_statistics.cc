#include "ra/evaluation/case_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_map>
#include <utility>

#include "ra/data/subject.h"

namespace ra {

CaseList cases_where(const EvaluationResults& results, const std::function<bool(const CaseRecord&)>& wanted) {
  CaseList cases;
  for (const CaseRecord& one : results.cases) {
    if (wanted(one)) cases.push_back(&one);
  }
  return cases;
}

CaseList distinct_images(const CaseList& cases) {
  std::set<std::pair<std::filesystem::path, std::optional<std::int64_t>>> known;
  CaseList distinct;
  for (const CaseRecord* one : cases) {
    if (known.emplace(one->image, one->slice).second) distinct.push_back(one);
  }
  return distinct;
}

std::vector<std::int64_t> subject_numbers(const CaseList& cases) {
  std::unordered_map<std::string, std::int64_t> known;
  std::vector<std::int64_t> numbers;
  for (const CaseRecord* one : cases) {
    numbers.push_back(known.emplace(one->subject, static_cast<std::int64_t>(known.size())).first->second);
  }
  return numbers;
}

bool is_clustered(std::span<const std::int64_t> numbers) {
  std::vector<std::int64_t> sorted(numbers.begin(), numbers.end());
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

std::string describe_bootstrap(const CaseList& cases, const BootstrapOptions& options) {
  const auto known =
      std::count_if(cases.begin(), cases.end(), [](const CaseRecord* one) { return !is_image_itself(one->subject); });
  const char* unit = known == 0 ? "image" : known == std::ssize(cases) ? "subject" : "subject, or image where unknown";
  return fmt::format("{:g} %, bootstrap by {}, {} resamples", 100.0 * options.level, unit, options.resamples);
}

EvaluatedMetric with_value(EvaluatedMetric row, const std::optional<double>& value, const std::string& reason) {
  row.value.value = value;
  row.reason = value ? "" : reason;
  return row;
}

EvaluatedMetric with_estimate(EvaluatedMetric row, const Estimate& estimate, const std::string& interval_kind) {
  row.value = estimate.metric;
  row.interval = estimate.interval;
  if (estimate.interval) row.interval_kind = interval_kind;
  row.reason = estimate.metric.value ? estimate.reason : estimate.metric.reason;
  return row;
}

EvaluatedMetric with_difference(EvaluatedMetric row, const Difference& difference, const std::string& interval_kind) {
  row.p_value = difference.p_value;
  return with_estimate(std::move(row), {difference.difference, difference.interval, difference.reason}, interval_kind);
}

EvaluatedMetric with_mean(EvaluatedMetric row, const CaseList& cases, std::span<const double> values,
                          const BootstrapOptions& options) {
  const Replicates replicates = bootstrap_mean(values, subject_numbers(cases), options);
  if (row.n.empty()) row.n = {values.size()};
  return with_estimate(std::move(row), estimate(replicates, options.level), describe_bootstrap(cases, options));
}

std::vector<CurvePoint> thinned(std::vector<CurvePoint> points, std::size_t count) {
  if (points.size() <= count) return points;
  std::vector<CurvePoint> kept;
  for (std::size_t k = 0; k < count; ++k) kept.push_back(points[k * (points.size() - 1) / (count - 1)]);
  return kept;
}

}  // namespace ra

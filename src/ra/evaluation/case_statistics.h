#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ra/evaluation/evaluation_results.h"
#include "ra/metrics/bootstrap.h"

namespace ra {

// What the protocols share: choosing cases, drawing them by subject, and filling rows.

using CaseList = std::vector<const CaseRecord*>;

CaseList cases_where(const EvaluationResults& results, const std::function<bool(const CaseRecord&)>& wanted);

// The first of every image (file and slice): an image may stand in several sets.
CaseList distinct_images(const CaseList& cases);

// One number a case, equal for cases of one subject (data/subject.h); -> cluster_cases().
std::vector<std::int64_t> subject_numbers(const CaseList& cases);
// Whether any subject has several cases.
bool is_clustered(std::span<const std::int64_t> numbers);
// "95 %, bootstrap by subject, 2000 resamples"; "by image" where no case has a known subject.
std::string describe_bootstrap(const CaseList& cases, const BootstrapOptions& options);

// Fills value, interval and reason of a row from an estimate.
EvaluatedMetric with_estimate(EvaluatedMetric row, const Estimate& estimate, const std::string& interval_kind);
EvaluatedMetric with_difference(EvaluatedMetric row, const Difference& difference, const std::string& interval_kind);
// A point value without an interval.
EvaluatedMetric with_value(EvaluatedMetric row, const std::optional<double>& value, const std::string& reason);

// The mean of one value a case, with its interval. NaN is left out.
EvaluatedMetric with_mean(EvaluatedMetric row, const CaseList& cases, std::span<const double> values,
                          const BootstrapOptions& options);

// Curves of many points, thinned for drawing: at most `count`, the ends kept.
std::vector<CurvePoint> thinned(std::vector<CurvePoint> points, std::size_t count = 500);

}  // namespace ra

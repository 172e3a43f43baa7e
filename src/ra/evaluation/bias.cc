#include "ra/evaluation/bias.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "ra/data/manifest.h"
#include "ra/evaluation/detection.h"
#include "ra/metrics/rates.h"

namespace ra {
namespace {

constexpr double kHealthyQuantile = 0.95;

std::string group_of(const CaseRecord& one, const std::string& column) {
  const auto value = one.groups.find(column);
  if (value == one.groups.end()) return "";
  return column == "age" ? age_band(value->second) : value->second;
}

std::vector<double> scores_of(const CaseList& cases) {
  std::vector<double> scores;
  for (const CaseRecord* one : cases) scores.push_back(one->scores.front().mean);
  return scores;
}

// The least score with at most 5 % of the healthy cases above it.
double healthy_quantile(const CaseList& healthy) {
  std::vector<double> scores = scores_of(healthy);
  std::sort(scores.begin(), scores.end());
  const auto place = static_cast<std::size_t>(std::ceil(kHealthyQuantile * static_cast<double>(scores.size())));
  return scores[std::max<std::size_t>(place, 1) - 1];
}

class BiasOfColumn {
 public:
  BiasOfColumn(EvaluationResults& results, std::string column, const BootstrapOptions& options)
      : results_(results), column_(std::move(column)), options_(options) {}

  void add() {
    std::set<std::string> values;
    for (const CaseRecord& one : results_.cases) values.insert(group_of(one, column_));
    values.erase("");
    if (values.size() < 2) return;
    for (const std::string& value : values) add_group(value);
  }

 private:
  CaseList select(const std::string& value, bool ill, bool other) const {
    return distinct_images(cases_where(results_, [&](const CaseRecord& one) {
      const std::string group = group_of(one, column_);
      return !group.empty() && (group == value) != other && one.pathological == ill;
    }));
  }

  EvaluatedMetric row(const std::string& value, const char* metric, std::vector<std::size_t> n) const {
    EvaluatedMetric row;
    row.protocol = "bias";
    row.group = column_ + "=" + value;
    row.method = "ra";
    row.score = "mean";
    row.metric = metric;
    row.mode = "strict";
    row.n = std::move(n);
    return row;
  }

  void add_group(const std::string& value) {
    const CaseList healthy = select(value, false, false), ill = select(value, true, false);
    if (!healthy.empty()) {
      const std::vector<double> scores = scores_of(healthy);
      results_.metrics.push_back(
          with_mean(row(value, "healthy_score_mean", {scores.size()}), healthy, scores, options_));
      const double limit = healthy_quantile(
          distinct_images(cases_where(results_, [](const CaseRecord& one) { return !one.pathological; })));
      const auto above = std::count_if(scores.begin(), scores.end(), [&](double score) { return score > limit; });
      results_.metrics.push_back(with_estimate(row(value, "false_positive_rate", {scores.size()}),
                                               rate_estimate(above, std::ssize(scores), options_.level),
                                               "95 %, Wilson"));
    }
    const Ranking ranking = rank_cases(healthy, ill);
    std::string kind;
    const Estimate area = auroc_of(ranking, ranking.scores(0, false), options_, kind);
    results_.metrics.push_back(with_estimate(row(value, "auroc", ranking.n()), area, kind));
    warn_if_different(value, healthy);
  }

  void warn_if_different(const std::string& value, const CaseList& healthy) {
    const Ranking between = rank_cases(select(value, false, true), healthy);
    std::string kind;
    const Estimate area = auroc_of(between, between.scores(0, false), options_, kind);
    if (!area.interval || (area.interval->low <= 0.5 && area.interval->high >= 0.5)) return;
    results_.warnings.push_back(fmt::format(
        "healthy scores of {}={} are {} than those of the other groups (AUROC between them {:.3f}, 95 % interval "
        "{:.3f} to {:.3f}; {} against {} cases)",
        column_, value, area.interval->low > 0.5 ? "higher" : "lower", *area.metric.value, area.interval->low,
        area.interval->high, healthy.size(), between.cases.size() - healthy.size()));
  }

  EvaluationResults& results_;
  std::string column_;
  const BootstrapOptions& options_;
};

}  // namespace

std::string age_band(const std::string& age) {
  char* end = nullptr;
  const double years = std::strtod(age.c_str(), &end);
  if (age.empty() || *end != '\0') return age;
  return years < 40.0 ? "under 40" : years < 60.0 ? "40 to 59" : "60 and over";
}

void add_bias(EvaluationResults& results, const BootstrapOptions& options) {
  for (const std::string_view column : kGroupColumns) BiasOfColumn(results, std::string(column), options).add();
}

}  // namespace ra

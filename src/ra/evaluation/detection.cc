#include "ra/evaluation/detection.h"

#include <array>
#include <utility>

#include "ra/base/random.h"
#include "ra/data/manifest.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/metrics/curves.h"
#include "ra/metrics/rank_bootstrap.h"
#include "ra/metrics/roc.h"

namespace ra {
namespace {

constexpr std::array<RankMetric, 4> kMetrics = {RankMetric::kAuroc, RankMetric::kAveragePrecision,
                                                RankMetric::kFprAt95Tpr, RankMetric::kFprAt99Tpr};
constexpr const char* kDelong = "95 %, DeLong";

bool is_normal(const std::string& set) { return LabelledSet{set, {}}.is_normal(); }

CaseList healthy_union(const EvaluationResults& results) {
  const CaseList named = cases_where(
      results, [&](const CaseRecord& one) { return !one.pathological && is_normal(results.sets[one.set]); });
  if (!named.empty()) return distinct_images(named);
  return distinct_images(cases_where(results, [](const CaseRecord& one) { return !one.pathological; }));
}

// One comparison of two lists of cases.
class Comparison {
 public:
  Comparison(EvaluationResults& results, std::string set, std::string group, Ranking ranking,
             const BootstrapOptions& options)
      : results_(results),
        set_(std::move(set)),
        group_(std::move(group)),
        ranking_(std::move(ranking)),
        options_(options) {}

  void add_rows() {
    for (std::size_t method = 0; method < results_.methods.size(); ++method) {
      add_paper(method);
      add_strict(method, false);
      add_strict(method, true);
      if (group_.empty()) add_curves(method);
    }
    for (std::size_t method = 1; method < results_.methods.size(); ++method) {
      add_difference(method, false);
      add_difference(method, true);
    }
    if (group_.empty()) add_control();
  }

 private:
  EvaluatedMetric row(std::size_t method, bool maximum, std::string metric, const char* mode) const {
    EvaluatedMetric row;
    row.protocol = "detection";
    row.set = set_;
    row.group = group_;
    row.method = results_.methods[method];
    row.score = maximum ? "maximum" : "mean";
    row.metric = std::move(metric);
    row.mode = mode;
    row.n = ranking_.n();
    return row;
  }

  void add_paper(std::size_t method) {
    const std::vector<RocStep> steps = roc_steps(ranking_.scores(method, false), ranking_.labels);
    const std::string reason(missing_class(steps));
    const std::optional<double> values[] = {auroc(steps), average_precision(steps), fpr_at_tpr(steps, 0.95),
                                            fpr_at_tpr(steps, 0.99)};
    for (std::size_t k = 0; k < kMetrics.size(); ++k) {
      results_.metrics.push_back(
          with_value(row(method, false, std::string(to_string(kMetrics[k])), "paper"), values[k], reason));
    }
  }

  void add_strict(std::size_t method, bool maximum) {
    const std::vector<double> scores = ranking_.scores(method, maximum);
    const std::vector<std::int64_t> subjects = subject_numbers(ranking_.cases);
    const auto replicates = bootstrap_ranking(scores, ranking_.labels, subjects, kMetrics, options_);
    for (std::size_t k = 0; k < kMetrics.size(); ++k) {
      const bool delong = kMetrics[k] == RankMetric::kAuroc && !is_clustered(subjects);
      const std::string kind = delong ? kDelong : describe_bootstrap(ranking_.cases, options_);
      const Estimate value =
          delong ? auroc_estimate(scores, ranking_.labels, options_.level) : estimate(replicates[k], options_.level);
      results_.metrics.push_back(
          with_estimate(row(method, maximum, std::string(to_string(kMetrics[k])), "strict"), value, kind));
    }
  }

  void add_difference(std::size_t method, bool maximum) {
    const std::vector<double> ours = ranking_.scores(0, maximum), theirs = ranking_.scores(method, maximum);
    const std::vector<std::int64_t> subjects = subject_numbers(ranking_.cases);
    EvaluatedMetric entry = row(0, maximum, "auroc_minus_" + results_.methods[method], "strict");
    if (!is_clustered(subjects)) {
      results_.metrics.push_back(
          with_difference(std::move(entry), delong_difference(ours, theirs, ranking_.labels, options_.level), kDelong));
      return;
    }
    constexpr std::array<RankMetric, 1> kAuroc = {RankMetric::kAuroc};
    const auto first = bootstrap_ranking(ours, ranking_.labels, subjects, kAuroc, options_);
    const auto second = bootstrap_ranking(theirs, ranking_.labels, subjects, kAuroc, options_);
    results_.metrics.push_back(with_difference(std::move(entry), paired_difference(first[0], second[0], options_.level),
                                               describe_bootstrap(ranking_.cases, options_)));
  }

  // The detector's own scores with the labels dealt out at random: what chance gives on these cases.
  void add_control() {
    Ranking shuffled = ranking_;
    CounterRandom random(options_.seed, 0, 0, Purpose::kLabelShuffle);
    for (std::size_t k = shuffled.labels.size(); k > 1; --k) {
      std::swap(shuffled.labels[k - 1], shuffled.labels[random.below(static_cast<std::uint32_t>(k))]);
    }
    std::string kind;
    const Estimate value = auroc_of(shuffled, ranking_.scores(0, false), options_, kind);
    results_.metrics.push_back(with_estimate(row(0, false, "auroc_with_shuffled_labels", "strict"), value, kind));
  }

  void add_curves(std::size_t method) {
    const std::vector<RocStep> steps = roc_steps(ranking_.scores(method, false), ranking_.labels);
    const auto& name = results_.methods[method];
    results_.curves.push_back({"roc", set_, name, thinned(roc_curve(steps, CurvePoints::kWithoutCollinear))});
    results_.curves.push_back({"pr", set_, name, thinned(pr_curve(steps, CurvePoints::kWithoutCollinear))});
  }

  EvaluationResults& results_;
  std::string set_, group_;
  Ranking ranking_;
  const BootstrapOptions& options_;
};

}  // namespace

std::vector<double> Ranking::scores(std::size_t method, bool maximum) const {
  std::vector<double> values;
  for (const CaseRecord* one : cases) {
    values.push_back(maximum ? one->scores.at(method).maximum : one->scores.at(method).mean);
  }
  return values;
}

std::vector<std::size_t> Ranking::n() const {
  std::size_t ill = 0;
  for (const std::uint8_t label : labels) ill += label;
  return {labels.size() - ill, ill};
}

Ranking rank_cases(const CaseList& healthy, const CaseList& pathological) {
  Ranking ranking{healthy, std::vector<std::uint8_t>(healthy.size(), 0)};
  ranking.cases.insert(ranking.cases.end(), pathological.begin(), pathological.end());
  ranking.labels.resize(ranking.cases.size(), 1);
  return ranking;
}

Estimate auroc_of(const Ranking& ranking, std::span<const double> scores, const BootstrapOptions& options,
                  std::string& kind) {
  const std::vector<std::int64_t> subjects = subject_numbers(ranking.cases);
  if (!is_clustered(subjects)) {
    kind = kDelong;
    return auroc_estimate(scores, ranking.labels, options.level);
  }
  constexpr std::array<RankMetric, 1> kAuroc = {RankMetric::kAuroc};
  kind = describe_bootstrap(ranking.cases, options);
  return estimate(bootstrap_ranking(scores, ranking.labels, subjects, kAuroc, options)[0], options.level);
}

void add_detection(EvaluationResults& results, const BootstrapOptions& options) {
  const CaseList healthy = healthy_union(results);
  for (std::size_t set = 0; set < results.sets.size(); ++set) {
    const auto of_set = [&](bool ill) {
      return cases_where(results, [&](const CaseRecord& one) { return one.set == set && one.pathological == ill; });
    };
    const CaseList ill = of_set(true), own = of_set(false);
    if (ill.empty()) continue;
    Comparison(results, results.sets[set], "", rank_cases(healthy, ill), options).add_rows();
    if (!own.empty() && own != healthy) {
      Comparison(results, results.sets[set], "within", rank_cases(own, ill), options).add_rows();
    }
  }
}

}  // namespace ra

#include "ra/report/page_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "ra/data/csv_field.h"
#include "ra/metrics/bootstrap.h"
#include "ra/metrics/rank_bootstrap.h"
#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"

namespace ra {
namespace {

// Rows of two tables that are of the same case.
struct Pair {
  std::size_t first, second;
  std::int64_t cluster;
};

std::vector<Pair> matched_cases(const CsvTable& first, const CsvTable& second, std::string& unit) {
  std::map<std::string, std::size_t> row_of_case;
  for (std::size_t k = 0; k < first.rows.size(); ++k)
    row_of_case[first.text(k, "set") + "\n" + first.text(k, "image")] = k;
  std::vector<Pair> pairs;
  std::map<std::string, std::int64_t> number_of_subject;
  bool all_have_subjects = true;
  for (std::size_t k = 0; k < second.rows.size(); ++k) {
    const auto match = row_of_case.find(second.text(k, "set") + "\n" + second.text(k, "image"));
    if (match == row_of_case.end()) continue;
    const std::string& subject = first.text(match->second, "subject");
    all_have_subjects = all_have_subjects && !subject.empty();
    const auto number = number_of_subject.try_emplace(subject, static_cast<std::int64_t>(number_of_subject.size()));
    pairs.push_back({match->second, k, number.first->second});
  }
  unit = all_have_subjects ? "subjects" : "images";
  if (!all_have_subjects) {
    for (std::size_t k = 0; k < pairs.size(); ++k) pairs[k].cluster = static_cast<std::int64_t>(k);
  }
  return pairs;
}

class Comparison {
 public:
  Comparison(const EvaluationFiles& first, const EvaluationFiles& second, std::string run)
      : first_(first.cases), second_(second.cases), evaluation_(first.name), run_(std::move(run)) {
    pairs_ = matched_cases(first_, second_, unit_);
  }

  std::vector<RunDifference> differences() const {
    std::vector<RunDifference> all;
    std::vector<std::string> sets;
    for (const Pair& pair : pairs_) {
      const std::string& set = first_.text(pair.first, "set");
      if (std::find(sets.begin(), sets.end(), set) == sets.end()) sets.push_back(set);
    }
    for (const std::string& set : sets) {
      add_rankings(set, all);
      for (const char* column : {"mae", "ssim", "dice"}) add_mean(set, column, all);
    }
    return all;
  }

 private:
  RunDifference start(const std::string& set, const std::string& metric, std::size_t cases) const {
    return {evaluation_, set, metric, run_, cases, unit_, {}};
  }

  void add_rankings(const std::string& set, std::vector<RunDifference>& all) const {
    std::vector<double> first, second;
    std::vector<std::uint8_t> labels;
    std::vector<std::int64_t> clusters;
    for (const Pair& pair : pairs_) {
      const auto label = first_.number(pair.first, "label");
      const auto a = first_.number(pair.first, "score"), b = second_.number(pair.second, "score");
      if (!label || !a || !b || (*label != 0 && first_.text(pair.first, "set") != set)) continue;
      first.push_back(*a);
      second.push_back(*b);
      labels.push_back(*label != 0 ? 1 : 0);
      clusters.push_back(pair.cluster);
    }
    if (std::count(labels.begin(), labels.end(), 1) == 0) return;
    const std::vector<RankMetric> metrics = {RankMetric::kAuroc, RankMetric::kAveragePrecision};
    const auto before = bootstrap_ranking(first, labels, clusters, metrics, {});
    const auto after = bootstrap_ranking(second, labels, clusters, metrics, {});
    for (std::size_t k = 0; k < metrics.size(); ++k) {
      RunDifference entry = start(set, std::string(to_string(metrics[k])), labels.size());
      entry.difference = paired_difference(after[k], before[k]);
      all.push_back(std::move(entry));
    }
  }

  void add_mean(const std::string& set, const std::string& column, std::vector<RunDifference>& all) const {
    std::vector<double> first, second;
    std::vector<std::int64_t> clusters;
    for (const Pair& pair : pairs_) {
      const auto a = first_.number(pair.first, column), b = second_.number(pair.second, column);
      if (!a || !b || first_.text(pair.first, "set") != set) continue;
      first.push_back(*a);
      second.push_back(*b);
      clusters.push_back(pair.cluster);
    }
    if (first.empty()) return;
    RunDifference entry = start(set, column, first.size());
    entry.difference = paired_difference(bootstrap_mean(second, clusters, {}), bootstrap_mean(first, clusters, {}));
    all.push_back(std::move(entry));
  }

  const CsvTable& first_;
  const CsvTable& second_;
  std::string evaluation_, run_, unit_;
  std::vector<Pair> pairs_;
};

// The evaluation of `run` to compare with: of the same name, or the only one of both.
const EvaluationFiles* counterpart(const RunFiles& first, const EvaluationFiles& evaluation, const RunFiles& run) {
  if (first.evaluations.size() == 1 && run.evaluations.size() == 1) return &run.evaluations.front();
  for (const EvaluationFiles& other : run.evaluations) {
    if (other.name == evaluation.name) return &other;
  }
  return nullptr;
}

std::string p_value_text(const std::optional<double>& p) {
  if (!p) return "\xE2\x80\x93";
  return *p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", *p);
}

void add_metrics_side_by_side(PageBody& body, const std::vector<RunFiles>& runs) {
  std::vector<std::string> keys;
  std::map<std::string, std::vector<std::string>> cells;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (const EvaluationFiles& evaluation : runs[r].evaluations) {
      for (const char* protocol : {"detection", "pixel", "localization", "thresholding", "reconstruction"}) {
        for (const Json& metric : preferred_metrics(evaluation, protocol)) {
          if (text_of(metric, "method") != "ra" || !text_of(metric, "group").empty()) continue;
          const std::string score = text_of(metric, "score");
          const std::string key = std::string(protocol) + "\n" + text_of(metric, "set") + "\n" +
                                  display_name(text_of(metric, "metric")) + (score.empty() ? "" : ", " + score);
          if (!cells.contains(key)) {
            keys.push_back(key);
            cells[key].assign(runs.size(), "\xE2\x80\x93");
          }
          cells[key][r] =
              readable(finite_number(metric, "value"), finite_number(metric, "low"), finite_number(metric, "high"));
        }
      }
    }
  }
  std::vector<std::string> header = {"protocol", "set", "metric"};
  for (const RunFiles& run : runs) header.push_back(run.name);
  std::vector<std::vector<std::string>> rows;
  for (const std::string& key : keys) {
    const std::size_t a = key.find('\n'), b = key.find('\n', a + 1);
    std::vector<std::string> row = {key.substr(0, a), key.substr(a + 1, b - a - 1), key.substr(b + 1)};
    row.insert(row.end(), cells[key].begin(), cells[key].end());
    rows.push_back(std::move(row));
  }
  if (!rows.empty()) body.add_table(header, rows);
}

}  // namespace

std::vector<RunDifference> run_differences(const std::vector<RunFiles>& runs) {
  std::vector<RunDifference> all;
  for (std::size_t r = 1; r < runs.size(); ++r) {
    for (const EvaluationFiles& evaluation : runs.front().evaluations) {
      const EvaluationFiles* other = counterpart(runs.front(), evaluation, runs[r]);
      if (other == nullptr) continue;
      const std::vector<RunDifference> found = Comparison(evaluation, *other, runs[r].name).differences();
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

void add_comparison_section(PageBody& body, const std::vector<RunFiles>& runs,
                            const std::vector<RunDifference>& differences) {
  if (runs.size() < 2) return;
  body.begin_section("comparison", "Runs side by side");
  add_metrics_side_by_side(body, runs);
  if (!differences.empty()) {
    body.add_heading("Differences to " + runs.front().name + " on the same cases");
    body.add_paragraph(
        "95 % bootstrap intervals, paired; positive where the run has the larger value. AUROC and "
        "average precision: the set's pathological images against all healthy ones.");
    std::vector<std::vector<std::string>> rows;
    Json figure_rows = Json::array();
    for (const RunDifference& entry : differences) {
      const auto& interval = entry.difference.interval;
      const std::optional<double> value = entry.difference.difference.value;
      rows.push_back({entry.run, entry.evaluation, entry.set, display_name(entry.metric),
                      value ? readable(value, interval ? std::optional(interval->low) : std::nullopt,
                                       interval ? std::optional(interval->high) : std::nullopt)
                            : "undefined: " + entry.difference.difference.reason,
                      p_value_text(entry.difference.p_value), fmt::format("{}", entry.cases), entry.unit});
      if (value && entry.metric == "auroc") {
        figure_rows.push_back({{"label", entry.set},
                               {"series", entry.run},
                               {"value", *value},
                               {"low", interval ? interval->low : *value},
                               {"high", interval ? interval->high : *value}});
      }
    }
    if (const auto figure =
            interval_figure("Difference in AUROC", "AUROC, run minus " + runs.front().name, figure_rows)) {
      body.add_figures({*figure}, true);
    }
    body.add_table({"run", "evaluation", "set", "metric", "difference", "p", "cases", "resampled"}, rows);
  }
  body.end_section();
}

std::string differences_csv(const std::vector<RunDifference>& differences) {
  std::string text = "run,evaluation,set,metric,difference,low,high,p_value,cases,resampled,reason\n";
  for (const RunDifference& entry : differences) {
    const Difference& d = entry.difference;
    text += csv_field(entry.run) + "," + csv_field(entry.evaluation) + "," + csv_field(entry.set) + "," + entry.metric +
            "," + csv_number(d.difference.value) + "," + (d.interval ? csv_number(d.interval->low) : "") + "," +
            (d.interval ? csv_number(d.interval->high) : "") + "," + csv_number(d.p_value) + "," +
            std::to_string(entry.cases) + "," + entry.unit + "," +
            csv_field(d.difference.value ? d.reason : d.difference.reason) + "\n";
  }
  return text;
}

}  // namespace ra

#include "ra/report/page_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ra/data/csv_field.h"
#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"
#include "ra/report/page_results.h"

namespace ra {
namespace {

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
          if (text_of(metric, "method") != "ra" || !is_of_whole_set(metric) || is_difference(metric)) continue;
          const std::string score = text_of(metric, "score");
          const std::string key = std::string(protocol) + "\n" + set_text(metric) + "\n" +
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

void add_comparison_section(PageBody& body, const std::vector<RunFiles>& runs,
                            const std::vector<RunDifference>& differences) {
  if (runs.size() < 2) return;
  body.begin_section("comparison", "Runs side by side");
  add_metrics_side_by_side(body, runs);
  if (!differences.empty()) {
    body.add_heading("Differences to " + runs.front().name + " on the same cases");
    body.add_paragraph(
        "95 % intervals of paired tests; positive where the run has the larger value. AUROC and average precision: the "
        "set's pathological images against the healthy ones of the Normal sets.");
    std::vector<std::vector<std::string>> rows;
    Json figure_rows = Json::array();
    for (const RunDifference& entry : differences) {
      const auto& interval = entry.difference.interval;
      const std::optional<double> value = entry.difference.difference.value;
      rows.push_back({entry.run, entry.evaluation, entry.set,
                      display_name(entry.metric) + (entry.score.empty() ? "" : ", " + entry.score),
                      value ? readable(value, interval ? std::optional(interval->low) : std::nullopt,
                                       interval ? std::optional(interval->high) : std::nullopt)
                            : "undefined: " + entry.difference.difference.reason,
                      p_value_text(entry.difference.p_value), entry.test, fmt::format("{}", entry.cases), entry.unit});
      if (value && entry.metric == "auroc" && entry.score == "mean") {
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
    body.add_table({"run", "evaluation", "set", "metric", "difference", "p", "test", "cases", "together"}, rows);
  }
  body.end_section();
}

}  // namespace ra

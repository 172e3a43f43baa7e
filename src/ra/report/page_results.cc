#include "ra/report/page_results.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"

namespace ra {
namespace {

constexpr const char* kDash = "\xE2\x80\x93";
constexpr const char* kMinus = "_minus_";
// The group of a set against its own healthy cases.
constexpr const char* kWithin = "within";

// Rows of metrics with a column a method: equal but for `method`. Metrics keep their order.
struct MethodTable {
  std::vector<std::string> methods;
  std::vector<std::vector<std::string>> rows;  // set, score, metric, n, then one value a method
};

MethodTable by_method(const std::vector<Json>& metrics) {
  MethodTable table;
  std::map<std::string, std::size_t> row_of_key;
  for (const Json& metric : metrics) {
    const std::string method = display_name(text_of(metric, "method"));
    auto column = std::find(table.methods.begin(), table.methods.end(), method);
    if (column == table.methods.end()) column = table.methods.insert(table.methods.end(), method);
    const auto at = static_cast<std::size_t>(column - table.methods.begin()) + 4;
    const std::vector<std::string> start = {set_text(metric), text_of(metric, "score"),
                                            display_name(text_of(metric, "metric")), counts_text(metric)};
    const std::string key = start[0] + "\n" + start[1] + "\n" + start[2] + "\n" + text_of(metric, "mode");
    const auto [entry, added] = row_of_key.try_emplace(key, table.rows.size());
    if (added) table.rows.push_back(start);
    std::vector<std::string>& row = table.rows[entry->second];
    row.resize(std::max(row.size(), at + 1), kDash);
    row[at] = value_text(metric);
  }
  for (std::vector<std::string>& row : table.rows) row.resize(table.methods.size() + 4, kDash);
  return table;
}

// Leaves a column out that is empty in every row.
void drop_if_empty(std::vector<std::string>& header, std::vector<std::vector<std::string>>& rows, std::size_t column) {
  const auto filled = [&](const std::vector<std::string>& row) { return !row[column].empty(); };
  if (std::any_of(rows.begin(), rows.end(), filled)) return;
  header.erase(header.begin() + static_cast<std::ptrdiff_t>(column));
  for (std::vector<std::string>& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
}

void add_method_table(PageBody& body, const std::vector<Json>& metrics) {
  MethodTable table = by_method(metrics);
  std::vector<std::string> header = {"set", "image score", "metric", "n"};
  header.insert(header.end(), table.methods.begin(), table.methods.end());
  drop_if_empty(header, table.rows, 1);
  body.add_table(header, table.rows);
}

void add_differences(PageBody& body, const std::vector<Json>& metrics) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& metric : metrics) {
    const std::string name = text_of(metric, "metric");
    const std::size_t at = name.find(kMinus);
    const std::optional<double> p = finite_number(metric, "p_value");
    rows.push_back({text_of(metric, "protocol"), set_text(metric), text_of(metric, "score"),
                    display_name(name.substr(0, at)), display_name(name.substr(at + std::string(kMinus).size())),
                    value_text(metric), p ? readable(p) : kDash, counts_text(metric)});
  }
  if (rows.empty()) return;
  std::vector<std::string> header = {"protocol", "set", "image score", "metric", "RA minus", "difference", "p", "n"};
  drop_if_empty(header, rows, 2);
  body.add_heading("Differences on the same cases");
  body.add_paragraph(
      "Paired; positive where RA has the larger value. p is two-sided, of no difference, and not corrected "
      "for the number of comparisons.");
  body.add_table(header, rows);
}

// Splits off the groups that have sections of their own.
std::vector<Json> results_of(const EvaluationFiles& evaluation, const std::string& protocol) {
  std::vector<Json> metrics = preferred_metrics(evaluation, protocol);
  std::erase_if(metrics, [](const Json& metric) { return !is_of_whole_set(metric); });
  return metrics;
}

void add_auroc_figure(PageBody& body, const EvaluationFiles& evaluation) {
  Json rows = Json::array();
  for (const Json& metric : results_of(evaluation, "detection")) {
    if (text_of(metric, "metric") != "auroc" || text_of(metric, "score") == "maximum") continue;
    const Json row = interval_row(metric, set_text(metric), display_name(text_of(metric, "method")));
    if (!row.is_null()) rows.push_back(row);
  }
  if (const auto figure = interval_figure("AUROC with interval", "AUROC", rows)) body.add_figures({*figure}, true);
}

void add_intervals(PageBody& body, const EvaluationFiles& evaluation) {
  std::set<std::string> intervals;
  for (const Json& metric : evaluation.metrics()) {
    if (!text_of(metric, "interval").empty()) intervals.insert(text_of(metric, "interval"));
  }
  if (intervals.empty()) return;
  body.begin_details("How the intervals were made");
  body.add_list({intervals.begin(), intervals.end()});
  body.end_details();
}

}  // namespace

std::string titled(const std::string& heading, const std::string& title) {
  return heading.empty() ? title : title + " \xE2\x80\x93 " + heading;
}

std::string set_text(const Json& metric) {
  const std::string set = text_of(metric, "set");
  return text_of(metric, "group") == kWithin ? set + " (within)" : set;
}

bool is_of_whole_set(const Json& metric) {
  const std::string group = text_of(metric, "group");
  return group.empty() || group == kWithin;
}

bool is_difference(const Json& metric) { return text_of(metric, "metric").find(kMinus) != std::string::npos; }

std::string value_text(const Json& metric) {
  const std::optional<double> value = finite_number(metric, "value");
  if (value) return readable(value, finite_number(metric, "low"), finite_number(metric, "high"));
  const std::string reason = text_of(metric, "reason");
  return reason.empty() ? "undefined" : "undefined: " + reason;
}

void add_results(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                 const std::string& heading) {
  static const std::vector<std::pair<const char*, const char*>> kProtocols = {
      {"detection", "Detection: healthy against each set"},
      {"pixel", "Pixels"},
      {"localization", "Localization"},
      {"thresholding", "Thresholding"},
      {"reconstruction", "Reconstruction"}};
  if (evaluation.metrics().empty()) return;
  body.begin_section(prefix + "-headline", titled(heading, "Results"),
                     "Values with their intervals in brackets. n: healthy/pathological images, or cases. Within: a "
                     "set's pathological cases against its own healthy ones.");
  add_auroc_figure(body, evaluation);
  std::vector<Json> differences;
  for (const auto& [protocol, title] : kProtocols) {
    std::vector<Json> metrics = results_of(evaluation, protocol);
    const auto rest = std::stable_partition(metrics.begin(), metrics.end(),
                                            [](const Json& metric) { return !is_difference(metric); });
    differences.insert(differences.end(), rest, metrics.end());
    metrics.erase(rest, metrics.end());
    if (metrics.empty()) continue;
    body.add_heading(title);
    add_method_table(body, metrics);
  }
  add_differences(body, differences);
  add_intervals(body, evaluation);
  body.end_section();
}

}  // namespace ra

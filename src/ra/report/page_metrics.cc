#include "ra/report/page_metrics.h"

#include <set>

#include "ra/data/csv_field.h"

namespace ra {
namespace {

// What tells one metric from another, but for its mode.
std::string key_of(const Json& metric) {
  std::string key;
  for (const char* member : {"protocol", "set", "group", "method", "score", "metric"})
    key += text_of(metric, member) + "\n";
  return key;
}

}  // namespace

std::vector<Json> preferred_metrics(const EvaluationFiles& evaluation, const std::string& protocol) {
  std::set<std::string> strict;
  for (const Json& metric : evaluation.metrics()) {
    if (text_of(metric, "mode") == "strict") strict.insert(key_of(metric));
  }
  std::vector<Json> kept;
  for (const Json& metric : evaluation.metrics()) {
    if (text_of(metric, "protocol") != protocol) continue;
    if (text_of(metric, "mode") != "strict" && strict.contains(key_of(metric))) continue;
    kept.push_back(metric);
  }
  return kept;
}

std::string metrics_csv(const std::vector<RunFiles>& runs) {
  std::string text = "run,evaluation,protocol,set,group,method,score,metric,mode,value,low,high,interval,n,reason\n";
  for (const RunFiles& run : runs) {
    for (const EvaluationFiles& evaluation : run.evaluations) {
      for (const Json& metric : evaluation.metrics()) {
        text += csv_field(run.name) + "," + csv_field(evaluation.name);
        for (const char* member : {"protocol", "set", "group", "method", "score", "metric", "mode"}) {
          text += "," + csv_field(text_of(metric, member));
        }
        for (const char* member : {"value", "low", "high"}) text += "," + csv_number(finite_number(metric, member));
        text += "," + csv_field(text_of(metric, "interval")) + "," + csv_field(counts_text(metric)) + "," +
                csv_field(text_of(metric, "reason")) + "\n";
      }
    }
  }
  return text;
}

std::string curves_csv(const std::vector<RunFiles>& runs) {
  std::string text = "run,evaluation,kind,set,method,x,y\n";
  for (const RunFiles& run : runs) {
    for (const EvaluationFiles& evaluation : run.evaluations) {
      for (const Json& curve : evaluation.curves()) {
        const std::string start = csv_field(run.name) + "," + csv_field(evaluation.name) + "," +
                                  csv_field(text_of(curve, "kind")) + "," + csv_field(text_of(curve, "set")) + "," +
                                  csv_field(text_of(curve, "method"));
        for (const Json& point : curve.value("points", Json::array())) {
          if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number()) continue;
          text += start + "," + csv_number(point[0].get<double>()) + "," + csv_number(point[1].get<double>()) + "\n";
        }
      }
    }
  }
  return text;
}

std::string counts_text(const Json& metric) {
  const auto n = metric.find("n");
  if (n == metric.end() || !n->is_array()) return "";
  std::string text;
  for (const Json& count : *n) text += (text.empty() ? "" : "/") + count.dump();
  return text;
}

}  // namespace ra

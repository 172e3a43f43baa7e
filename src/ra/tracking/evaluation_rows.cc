#include "ra/tracking/evaluation_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/tracking/tracked_picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

LoggedValue cell(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::monostate{};
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (found->is_number()) return found->get<double>();
  if (found->is_string()) return found->get<std::string>();
  return std::monostate{};
}

// task/set/metric, with what is not the usual between: the protocol where it is not the task's name, the opponent where
// it is not the network, the score where it is not the mean of the map, `paper` where it is counted as the paper does.
std::string metric_name(const std::string& task, const std::string& network, const Json& metric) {
  std::string name = task;
  const auto add = [&](const std::string& part, const char* usual) {
    if (!part.empty() && part != usual) name += "/" + part;
  };
  add(text_of(metric, "protocol"), task.c_str());
  add(text_of(metric, "set"), "");
  add(text_of(metric, "group"), "");
  add(text_of(metric, "method"), network.c_str());
  add(text_of(metric, "score"), "mean");
  add(text_of(metric, "mode"), "strict");
  add(text_of(metric, "metric"), "");
  return name;
}

// The reference logs how well healthy images are rebuilt under a name of its own; it has one such set a task.
std::string reference_name(const std::string& task, const Json& metric) {
  std::string word = text_of(metric, "metric");
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::toupper(c); });
  return fmt::format("Reconstruction_Metrics(Healthy)_{}_{}", task, word);
}

bool is_healthy(const std::string& set) { return set.find("Normal") != std::string::npos; }

void add_metrics(TrackedRow& row, const std::string& task, const Json& results) {
  const std::string network = results.value("methods", Json::array({""})).at(0).get<std::string>();
  const Json sets = results.value("sets", Json::array());
  const auto healthy = std::count_if(sets.begin(), sets.end(), [](const Json& set) { return is_healthy(set); });
  std::set<std::string> seen;
  const auto add = [&](const std::string& name, double value) {
    if (seen.insert(name).second) row.values.emplace_back(name, value);
  };
  for (const Json& metric : results.at("metrics")) {
    const Json& value = metric.at("value");
    if (!value.is_number()) continue;
    add(metric_name(task, network, metric), value);
    const bool is_reconstruction = text_of(metric, "protocol") == "reconstruction" && text_of(metric, "group").empty();
    if (is_reconstruction && healthy == 1 && is_healthy(text_of(metric, "set"))) {
      add(reference_name(task, metric), value);
    }
  }
}

TrackedTable metrics_table(const std::string& task, const Json& results) {
  TrackedTable table{task + "/metrics",
                     {"protocol", "set", "group", "method", "score", "metric", "mode", "value", "low", "high",
                      "interval", "n", "reason"},
                     {}};
  for (const Json& metric : results.at("metrics")) {
    std::vector<LoggedValue>& cells = table.rows.emplace_back();
    for (const std::string& column : table.columns) cells.push_back(cell(metric, column.c_str()));
  }
  return table;
}

TrackedTable curves_table(const std::string& task, const Json& results) {
  TrackedTable table{task + "/curves", {"kind", "set", "method", "x", "y"}, {}};
  for (const Json& curve : results.value("curves", Json::array())) {
    for (const Json& point : curve.at("points")) {
      table.rows.push_back({text_of(curve, "kind"), text_of(curve, "set"), text_of(curve, "method"),
                            point.at(0).get<double>(), point.at(1).get<double>()});
    }
  }
  return table;
}

}  // namespace

void add_evaluation(TrackedRow& row, const std::string& task, const fs::path& folder) {
  const fs::path path = folder / "results.json";
  const std::string text = read_text_file(path);
  try {
    const Json results = Json::parse(text);
    add_metrics(row, task, results);
    row.tables.push_back(metrics_table(task, results));
    TrackedTable curves = curves_table(task, results);
    if (!curves.rows.empty()) row.tables.push_back(std::move(curves));
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kBadInput, fmt::format("'{}' is damaged: {}", path.string(), error.what()));
  }
  if (fs::exists(folder / "sheet.png")) {
    row.pictures.push_back(read_tracked_picture("Anomaly/Example_" + task, folder / "sheet.png"));
  }
}

}  // namespace ra

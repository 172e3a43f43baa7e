#include "ra/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ra/report/figure_parts.h"
#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"

namespace ra {
namespace {

// Points of a curve beyond this say nothing more at the size of a figure.
constexpr std::size_t kMaxCurvePoints = 400;
// Rows drawn as dots over a box plot; beyond, every n-th is drawn.
constexpr std::size_t kMaxDots = 2000;

// A scale that gives every name its own look, of the names that are there: a legend shows no more.
struct Look {
  const char* name;
  Json look;
};
Json scale_of(const std::vector<Look>& looks, const std::set<std::string>& there) {
  Json scale = {{"domain", Json::array()}, {"range", Json::array()}};
  for (const Look& one : looks) {
    if (!there.contains(one.name)) continue;
    scale["domain"].push_back(one.name);
    scale["range"].push_back(one.look);
  }
  return scale;
}

const std::vector<Look>& method_colours() {
  static const std::vector<Look> colours = {
      {"RA", "#0072B2"}, {"RA normalised", "#CC79A7"}, {"mean picture", "#E69F00"}, {"PCA", "#009E73"}};
  return colours;
}

// [{x, y, method, k}] of one curve; k keeps the order where x repeats.
void add_curve_points(const Json& curve, Json& values) {
  const auto points = curve.find("points");
  if (points == curve.end() || !points->is_array()) return;
  const std::size_t step = points->size() / kMaxCurvePoints + 1;
  for (std::size_t k = 0; k < points->size(); ++k) {
    const Json& point = (*points)[k];
    if (k % step != 0 && k + 1 != points->size()) continue;
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number()) continue;
    values.push_back({{"x", point[0]}, {"y", point[1]}, {"method", display_name(text_of(curve, "method"))}, {"k", k}});
  }
}

// Healthy and pathological images of a set, by the metrics that were computed from them.
std::optional<double> prevalence(const EvaluationFiles& evaluation, const std::string& set) {
  for (const Json& metric : preferred_metrics(evaluation, "detection")) {
    if (text_of(metric, "set") != set) continue;
    const auto n = metric.find("n");
    if (n == metric.end() || !n->is_array() || n->size() != 2 || !(*n)[0].is_number() || !(*n)[1].is_number()) continue;
    const double healthy = (*n)[0].get<double>(), ill = (*n)[1].get<double>();
    if (healthy + ill > 0) return ill / (healthy + ill);
  }
  return std::nullopt;
}

// "AUROC: RA 0.91 (0.87-0.95); mean picture 0.72".
std::string curve_caption(const EvaluationFiles& evaluation, const std::string& kind, const std::string& set) {
  const std::string name = kind == "roc" ? "auroc" : kind == "pr" ? "average_precision" : "";
  std::string caption;
  for (const Json& metric : preferred_metrics(evaluation, "detection")) {
    if (name.empty() || text_of(metric, "metric") != name || text_of(metric, "set") != set) continue;
    if (text_of(metric, "group") != "" || text_of(metric, "score") == "maximum") continue;
    caption += caption.empty() ? display_name(name) + ": " : "; ";
    caption += display_name(text_of(metric, "method")) + " " +
               readable(finite_number(metric, "value"), finite_number(metric, "low"), finite_number(metric, "high"));
  }
  return caption;
}

// What guessing gives: the diagonal of a ROC curve, the prevalence of a precision-recall curve.
Json chance_layer(const std::string& kind, std::optional<double> share) {
  Json values;
  if (kind == "roc") values = {{{"x", 0}, {"y", 0}}, {{"x", 1}, {"y", 1}}};
  if (kind == "pr" && share) values = {{{"x", 0}, {"y", *share}}, {{"x", 1}, {"y", *share}}};
  if (values.is_null()) return nullptr;
  return {
      {"data", {{"values", values}}},
      {"mark", {{"type", "line"}, {"strokeWidth", 1}, {"opacity", 0.6}, {"color", "#888888"}, {"strokeDash", {2, 3}}}},
      {"encoding",
       {{"x", {{"field", "x"}, {"type", "quantitative"}}}, {"y", {{"field", "y"}, {"type", "quantitative"}}}}}};
}

Json curve_spec(const EvaluationFiles& evaluation, const std::string& kind, const std::string& set, Json values) {
  const bool froc = kind == "froc";
  const char* x = kind == "roc" ? "false positive rate" : kind == "pr" ? "recall" : "false positives an image";
  const char* y = kind == "pr" ? "precision" : kind == "roc" ? "true positive rate" : "sensitivity";
  const std::set<std::string> methods = texts_of(values, "method");
  const Json colours = scale_of(method_colours(), methods);
  const Json dashes =
      scale_of({{"RA", {1, 0}}, {"RA normalised", {8, 2, 2, 2}}, {"mean picture", {6, 3}}, {"PCA", {2, 2}}}, methods);
  Json spec = base_spec(std::move(values), 260);
  const Json line = {{"mark", {{"type", "line"}, {"strokeWidth", 2}, {"interpolate", "linear"}, {"clip", true}}},
                     {"encoding",
                      {{"x", froc ? quantitative("x", x) : unit_axis("x", x)},
                       {"y", unit_axis("y", y)},
                       {"order", {{"field", "k"}, {"type", "quantitative"}}},
                       {"color", legend_on_top({{"field", "method"}, {"type", "nominal"}, {"scale", colours}})},
                       {"strokeDash", legend_on_top({{"field", "method"}, {"type", "nominal"}, {"scale", dashes}})}}}};
  spec["layer"] = Json::array();
  if (Json chance = chance_layer(kind, prevalence(evaluation, set)); !chance.is_null()) spec["layer"].push_back(chance);
  spec["layer"].push_back(line);
  return spec;
}

// Names in the order in which they come, each once.
std::vector<std::string> distinct(const CsvTable& table, const std::string& column) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (std::size_t k = 0; k < table.rows.size(); ++k) {
    if (seen.insert(table.text(k, column)).second) names.push_back(table.text(k, column));
  }
  return names;
}

std::string label_name(const std::string& column, const std::string& text) {
  if (column != "label") return text.empty() ? "unknown" : text;
  return text == "0" ? "healthy" : text == "1" ? "pathological" : "unknown";
}

Json colour_channel(const std::string& column, const std::set<std::string>& there) {
  Json channel = legend_on_top(nominal("colour", ""));
  channel["scale"] = {{"range", palette()}};
  if (column == "label") {
    channel["scale"] = scale_of({{"healthy", "#0072B2"}, {"pathological", "#D55E00"}, {"unknown", "#888888"}}, there);
  }
  if (there.size() == 1) channel["legend"] = nullptr;
  return channel;
}

// Spreads dots over the height of their box, evenly and the same every time (golden ratio sequence).
double spread(std::size_t k) { return std::fmod(static_cast<double>(k) * 0.6180339887498949, 1.0); }

}  // namespace

std::vector<Figure> curve_figures(const EvaluationFiles& evaluation, const std::string& kind) {
  std::vector<std::string> sets;
  for (const Json& curve : evaluation.curves()) {
    const std::string set = text_of(curve, "set");
    if (text_of(curve, "kind") == kind && std::find(sets.begin(), sets.end(), set) == sets.end()) sets.push_back(set);
  }
  std::vector<Figure> figures;
  for (const std::string& set : sets) {
    Json values = Json::array();
    for (const Json& curve : evaluation.curves()) {
      if (text_of(curve, "kind") == kind && text_of(curve, "set") == set) add_curve_points(curve, values);
    }
    if (values.empty()) continue;
    figures.push_back({display_name(kind) + (set.empty() ? "" : ", " + set), curve_caption(evaluation, kind, set),
                       curve_spec(evaluation, kind, set, std::move(values))});
  }
  return figures;
}

std::optional<Figure> distribution_figure(const CsvTable& table, const std::string& value, const std::string& category,
                                          const std::string& colour) {
  Json values = Json::array();
  std::set<double> levels;
  for (std::size_t k = 0; k < table.rows.size(); ++k) {
    const std::optional<double> number = table.number(k, value);
    if (!number) continue;
    levels.insert(*number);
    Json row = {{"value", *number},
                {"category", label_name(category, table.text(k, category))},
                {"colour", label_name(colour, table.text(k, colour))},
                {"spread", spread(k)}};
    if (const std::optional<double> index = table.number(k, "case")) row["case"] = *index;
    values.push_back(std::move(row));
  }
  if (values.empty()) return std::nullopt;
  const std::size_t lanes = distinct(table, category).size();
  const std::size_t step = values.size() / kMaxDots + 1;
  const std::set<std::string> colours = texts_of(values, "colour");
  Json spec = base_spec(std::move(values), static_cast<int>(std::max<std::size_t>(90, 46 * lanes)));
  const Json y = {{"field", "category"},
                  {"type", "nominal"},
                  {"title", nullptr},
                  {"sort", nullptr},
                  {"scale", {{"paddingInner", 0.3}}}};
  Json x = quantitative("value", display_name(value));
  x["scale"] = {{"zero", levels.size() == 1}, {"nice", true}};
  const Json dots = {{"transform", {{{"filter", fmt::format("floor(datum.spread * 1e6) % {} == 0", step)}}}},
                     {"mark", {{"type", "circle"}, {"size", 12}, {"opacity", 0.45}}},
                     {"encoding",
                      {{"x", x},
                       {"y", y},
                       {"yOffset", {{"field", "spread"}, {"type", "quantitative"}, {"scale", {{"domain", {0, 1}}}}}},
                       {"color", colour_channel(colour, colours)}}}};
  const Json boxes = {{"mark",
                       {{"type", "boxplot"},
                        {"extent", 1.5},
                        {"size", 16},
                        {"outliers", false},
                        {"box", {{"filled", false}, {"strokeWidth", 1.5}}},
                        {"median", {{"color", "#777777"}, {"thickness", 3}}},
                        {"rule", {{"color", "#777777"}}},
                        {"ticks", {{"color", "#777777"}}}}},
                      {"encoding", {{"x", x}, {"y", y}, {"color", {{"value", "#777777"}}}}}};
  spec["layer"] = {dots, boxes};
  return Figure{display_name(value), "", std::move(spec)};
}

std::optional<Figure> interval_figure(const std::string& title, const std::string& axis, const Json& rows) {
  if (rows.empty()) return std::nullopt;
  const std::set<std::string> labels = texts_of(rows, "label"), series = texts_of(rows, "series");
  const int height = static_cast<int>(labels.size() * std::max<std::size_t>(30, 15 * series.size() + 8));
  Json spec = base_spec(rows, std::max(60, height));
  Json colour = legend_on_top(nominal("series", ""));
  colour["scale"] = {{"range", palette()}};
  if (const Json methods = scale_of(method_colours(), series); methods["domain"].size() == series.size()) {
    colour["scale"] = methods;
  }
  if (series.size() == 1) colour["legend"] = nullptr;
  Json x = quantitative("value", axis);
  x["scale"] = {{"zero", false}, {"nice", true}};
  spec["encoding"] = {{"y", {{"field", "label"}, {"type", "nominal"}, {"title", nullptr}, {"sort", nullptr}}},
                      {"yOffset", {{"field", "series"}, {"type", "nominal"}}},
                      {"color", colour}};
  spec["layer"] = {{{"mark", {{"type", "rule"}, {"strokeWidth", 2}}},
                    {"encoding", {{"x", quantitative("low", axis)}, {"x2", {{"field", "high"}}}}}},
                   {{"mark", {{"type", "point"}, {"filled", true}, {"size", 55}}}, {"encoding", {{"x", x}}}}};
  spec["layer"][0]["encoding"]["x"]["scale"] = x["scale"];
  return Figure{title, "", std::move(spec)};
}

Json interval_row(const Json& metric, const std::string& label, const std::string& series) {
  const std::optional<double> value = finite_number(metric, "value");
  if (!value) return nullptr;
  return {{"label", label},
          {"series", series},
          {"value", *value},
          {"low", finite_number(metric, "low").value_or(*value)},
          {"high", finite_number(metric, "high").value_or(*value)}};
}

std::optional<Figure> latent_figure(const EvaluationFiles& evaluation) {
  const CsvTable& table = evaluation.latents_pca;
  const CsvTable& cases = evaluation.cases;
  std::map<std::string, std::size_t> row_of_case;
  for (std::size_t k = 0; k < cases.rows.size(); ++k) row_of_case[cases.text(k, "case")] = k;
  Json values = Json::array();
  for (std::size_t k = 0; k < table.rows.size(); ++k) {
    const auto x = table.number(k, "x"), y = table.number(k, "y"), index = table.number(k, "case");
    if (!x || !y) continue;
    const auto row = row_of_case.find(table.text(k, "case"));
    const std::string set = row == row_of_case.end() ? "" : cases.text(row->second, "set");
    values.push_back({{"x", *x},
                      {"y", *y},
                      {"set", set.empty() ? "unknown" : set},
                      {"kind", table.text(k, "kind")},
                      {"case", index.value_or(-1)}});
  }
  if (values.empty()) return std::nullopt;
  Json spec = base_spec(std::move(values), 420);
  Json colour = legend_on_top(nominal("set", ""));
  colour["scale"] = {{"range", palette()}};
  Json shape = legend_on_top(nominal("kind", ""));
  shape["scale"] = {{"domain", {"input", "reconstruction"}}, {"range", {"circle", "cross"}}};
  spec["params"] = {{{"name", "chosen"}, {"select", {{"type", "point"}, {"fields", {"set"}}}}, {"bind", "legend"}}};
  Json x = quantitative("x", "first component"), y = quantitative("y", "second component");
  x["scale"] = y["scale"] = {{"zero", false}, {"nice", true}};
  spec["mark"] = {{"type", "point"}, {"filled", true}, {"size", 28}};
  spec["encoding"] = {{"x", x},
                      {"y", y},
                      {"color", colour},
                      {"shape", shape},
                      {"opacity", {{"condition", {{"param", "chosen"}, {"value", 0.75}}}, {"value", 0.06}}}};
  return Figure{"Latent space", "Principal components of the latent vectors. A click in the legend picks a set out.",
                std::move(spec)};
}

}  // namespace ra

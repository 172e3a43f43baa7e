#include "ra/report/page_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"
#include "ra/report/page_results.h"

namespace ra {
namespace {

constexpr std::size_t kMaxScreeningRows = 200;
constexpr std::size_t kMaxOverlays = 24;

void add_curves(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                const std::string& heading, const char* kind, const std::string& title, const std::string& text) {
  const std::vector<Figure> figures = curve_figures(evaluation, kind);
  if (figures.empty()) return;
  body.begin_section(prefix + "-" + kind, titled(heading, title), text);
  body.add_figures(figures);
  body.end_section();
}

// "PCA, maximum" for the column `pca_score_maximum`; nullopt for a column that holds no image score or p-value of one.
std::optional<std::string> score_title(const std::string& column) {
  static const std::vector<std::pair<std::string, std::string>> kKinds = {
      {"score_maximum", "maximum of the smoothed map"}, {"score", "mean of the map"}};
  if (column.starts_with("p_value")) return column == "p_value" ? "p-value of the mean" : "p-value of the maximum";
  for (const auto& [ending, kind] : kKinds) {
    if (column == ending) return "RA, " + kind;
    if (column.ends_with("_" + ending)) {
      return display_name(column.substr(0, column.size() - ending.size() - 1)) + ", " + kind;
    }
  }
  return std::nullopt;
}

void add_distributions(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                       const std::string& heading) {
  static const std::set<std::string> kQualities = {
      "mae", "mse", "psnr", "ssim", "lpips_squeezenet", "perceptual_encoder", "dice"};
  std::vector<Figure> scores, qualities;
  for (const std::string& column : evaluation.cases.columns) {
    const std::optional<std::string> score = score_title(column);
    if (!score && !kQualities.contains(column)) continue;
    auto figure = distribution_figure(evaluation.cases, column, "set", "label");
    if (!figure) continue;
    if (score) figure->title = *score;
    (score ? scores : qualities).push_back(std::move(*figure));
  }
  if (!scores.empty()) {
    body.begin_section(prefix + "-scores", titled(heading, "Score distributions"),
                       "A dot is an image, a box its set's quartiles with whiskers to 1.5 times their range.");
    body.add_figures(scores);
    body.end_section();
  }
  if (!qualities.empty()) {
    body.begin_section(prefix + "-quality", titled(heading, "Reconstruction and overlap by image"));
    body.add_figures(qualities);
    body.end_section();
  }
}

// One interval figure a metric, of the metrics of a protocol that have a group.
std::vector<Figure> group_figures(const EvaluationFiles& evaluation, const std::string& protocol) {
  std::vector<std::string> names;
  std::map<std::string, Json> rows_of_name;
  for (const Json& metric : evaluation.metrics()) {
    if (text_of(metric, "protocol") != protocol || text_of(metric, "group").empty()) continue;
    const std::string set = text_of(metric, "set");
    const std::string mode = text_of(metric, "mode");
    const Json row = interval_row(metric, text_of(metric, "group"), mode.empty() ? (set.empty() ? "all" : set) : mode);
    if (row.is_null()) continue;
    std::string name = display_name(text_of(metric, "metric"));
    if (!mode.empty() && !set.empty()) name += ", " + set;
    if (const std::string method = text_of(metric, "method"); !method.empty() && method != "ra") {
      name += ", " + display_name(method);
    }
    if (text_of(metric, "score") == "maximum") name += ", maximum";
    if (!rows_of_name.contains(name)) names.push_back(name);
    Json& rows = rows_of_name.try_emplace(name, Json::array()).first->second;
    rows.push_back(row);
  }
  std::vector<Figure> figures;
  for (const std::string& name : names) {
    if (const auto figure = interval_figure(name, name, rows_of_name[name])) figures.push_back(*figure);
  }
  return figures;
}

void add_localization(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                      const std::string& heading) {
  std::vector<Figure> figures = group_figures(evaluation, "localization");
  for (const auto& [category, title] :
       {std::pair{"class", "F1 of a box, by class"}, {"size", "F1 of a box, by size"}}) {
    if (auto figure = distribution_figure(evaluation.boxes, "f1", category, "size")) {
      figure->title = title;
      figures.push_back(*figure);
    }
  }
  if (figures.empty()) return;
  body.begin_section(prefix + "-boxes", titled(heading, "Detection by class and size"));
  body.add_figures(figures);
  body.end_section();
}

void add_groups(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                const std::string& heading) {
  const std::vector<Figure> figures = group_figures(evaluation, "bias");
  if (figures.empty()) return;
  body.begin_section(prefix + "-groups", titled(heading, "Groups"),
                     "Sites, scanners, fields, sexes and ages, with intervals: where they differ, the scores are not "
                     "comparable between groups.");
  body.add_figures(figures);
  body.end_section();
}

void add_thresholds(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                    const std::string& heading) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& entry : evaluation.results.at("thresholds")) {
    rows.push_back({text_of(entry, "pixels"), csv_number(finite_number(entry, "percent")),
                    csv_number(finite_number(entry, "threshold")), text_of(entry, "mode")});
  }
  if (rows.empty()) return;
  body.begin_section(prefix + "-thresholds", titled(heading, "Pixel thresholds"));
  body.add_table({"pixels", "false positives, %", "threshold", "mode"}, rows);
  body.add_paragraph("0 in mode paper: none of the steps up to 0.999 leaves so few, as the maps are saturated.");
  body.end_section();
}

void add_latents(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                 const std::string& heading) {
  const std::optional<Figure> figure = latent_figure(evaluation);
  if (!figure) return;
  body.begin_section(prefix + "-latent", titled(heading, "Latent space"),
                     "Inputs and re-encoded reconstructions. Pointing at one shows its pictures.");
  if (!evaluation.latents.empty()) {
    body.add_markup("<p class=\"controls screen\"><button type=\"button\" data-umap=\"" + escaped(prefix) +
                    "\">Compute UMAP</button> <button type=\"button\" data-export=\"" + escaped(prefix) +
                    "\">Save coordinates (CSV)</button> <span role=\"status\"></span></p>\n");
  }
  body.add_figures({*figure}, true);
  body.end_section();
}

void add_gallery(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                 const std::string& heading) {
  if (evaluation.sheets.empty() || !evaluation.cases.has("sheet")) return;
  body.begin_section(prefix + "-gallery", titled(heading, "Gallery"),
                     "Input, pseudo-healthy, residual, perceptual, map, thresholded, truth. \"Wrong first\" orders by "
                     "the share of the other class that an image is on the wrong side of.");
  body.add_markup("<div class=\"gallery\" data-gallery=\"" + escaped(prefix) + "\"></div>\n");
  body.end_section();
}

void add_all_metrics(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                     const std::string& heading) {
  if (evaluation.metrics().empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Json& metric : evaluation.metrics()) {
    rows.push_back({text_of(metric, "protocol"), text_of(metric, "set"), text_of(metric, "group"),
                    display_name(text_of(metric, "method")), text_of(metric, "score"),
                    display_name(text_of(metric, "metric")), text_of(metric, "mode"), value_text(metric),
                    counts_text(metric)});
  }
  body.begin_section(prefix + "-metrics", titled(heading, "All metrics"));
  body.begin_details(fmt::format("{} metrics", rows.size()));
  body.add_table({"protocol", "set", "group", "method", "score", "metric", "mode", "value", "n"}, rows);
  body.end_details();
  body.end_section();
}

}  // namespace

void add_evaluation_sections(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                             const std::string& heading) {
  add_results(body, evaluation, prefix, heading);
  add_curves(body, evaluation, prefix, heading, "roc", "ROC curves", "Dotted: guessing.");
  add_curves(body, evaluation, prefix, heading, "pr", "Precision and recall",
             "Dotted: the share of pathological images.");
  add_distributions(body, evaluation, prefix, heading);
  add_localization(body, evaluation, prefix, heading);
  add_curves(body, evaluation, prefix, heading, "froc", "FROC", "");
  add_groups(body, evaluation, prefix, heading);
  add_thresholds(body, evaluation, prefix, heading);
  add_latents(body, evaluation, prefix, heading);
  add_gallery(body, evaluation, prefix, heading);
  add_all_metrics(body, evaluation, prefix, heading);
}

void add_screening_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading) {
  const CsvTable& scores = run.scores;
  if (scores.empty()) return;
  std::vector<std::size_t> order(scores.rows.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores.number(a, "score").value_or(0) > scores.number(b, "score").value_or(0);
  });
  body.begin_section(prefix + "-screening", titled(heading, "Screened slices"));
  if (auto figure = distribution_figure(scores, "score", "model", "flagged")) {
    figure->title = "Scores";
    body.add_figures({*figure}, true);
  }
  std::vector<std::string> header;
  for (const char* column : {"input", "slice", "score", "p_value", "flagged", "fpr", "reconstruction_mae"}) {
    if (scores.has(column)) header.emplace_back(column);
  }
  std::vector<std::vector<std::string>> rows;
  for (std::size_t k = 0; k < std::min(order.size(), kMaxScreeningRows); ++k) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& column : header) row.push_back(scores.text(order[k], column));
  }
  if (order.size() > rows.size()) {
    body.add_paragraph(fmt::format("The {} highest scores of {}; all are in scores.csv.", rows.size(), order.size()));
  }
  body.add_table(header, rows);
  const std::size_t shown = std::min(run.overlays.size(), kMaxOverlays);
  if (shown > 0) body.add_heading(fmt::format("Overlays (the first {} of {} by name)", shown, run.overlays.size()));
  for (std::size_t k = 0; k < shown; ++k) body.add_picture(run.overlays[k], "Overlay");
  body.end_section();
}

}  // namespace ra

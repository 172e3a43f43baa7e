#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ra/report/page_files.h"

namespace ra {

// A figure of a report: a Vega-Lite 6 specification with its values inside, without colours of background and text
// (the page's theme gives them) and as wide as its place. Colours are Okabe and Ito's, which colour-blind people tell
// apart; methods differ in their dashes, too.
struct Figure {
  std::string title;    // plain text
  std::string caption;  // plain text, may be empty
  Json spec;
};

// One figure a set, of the curves of `kind` ("roc", "pr", "froc"), a line a method. The metrics give the caption its
// numbers and the precision-recall curve its chance level.
std::vector<Figure> curve_figures(const EvaluationFiles& evaluation, const std::string& kind);

// Distribution of a column of `table` (cases.csv, boxes.csv) over `category`: boxes with whiskers to 1.5 times the
// quartile range, and every row as a dot; `colour` names the column that colours them. nullopt without numbers.
std::optional<Figure> distribution_figure(const CsvTable& table, const std::string& value, const std::string& category,
                                          const std::string& colour);

// Values with their intervals, a line each, several `series` side by side: rows of {label, series, value, low, high}.
// nullopt without rows.
std::optional<Figure> interval_figure(const std::string& title, const std::string& axis, const Json& rows);
// The row of interval_figure() for an entry of results.json's metrics; null without a value.
Json interval_row(const Json& metric, const std::string& label, const std::string& series);

// Latent positions from latents_pca.csv: colour by data set, shape by kind. nullopt without positions.
std::optional<Figure> latent_figure(const EvaluationFiles& evaluation);

}  // namespace ra

#include "ra/report/training_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

#include "ra/report/figure_parts.h"
#include "ra/report/page_html.h"
#include "ra/report/training_rows.h"

namespace ra {
namespace {

constexpr const char* kMeanPicture = "Val/squared_error_mean_picture";
constexpr const char* kKlPerLatent = "Val/kl_per_latent";

// Keys that no named figure shows, each with a figure of its own.
std::vector<Figure> other_figures(const std::vector<Json>& rows, const std::set<std::string>& shown) {
  std::vector<Figure> figures;
  for (const std::string& key : keys_with(rows, "")) {
    if (shown.contains(key) || key.starts_with("_") || key.starts_with("Test/") || key == "epoch" || key == "step") {
      continue;
    }
    if (key.starts_with("Val/squared_error_black")) continue;
    if (const auto figure = training_figure(rows, {key, {key}, "", false, std::nullopt, ""})) {
      figures.push_back(*figure);
    }
  }
  return figures;
}

// KL divergence of each latent dimension in the newest epoch that has it, from the largest.
std::optional<Figure> latent_usage_figure(const std::vector<Json>& rows) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    std::istringstream text(text_of(*row, kKlPerLatent));
    std::vector<double> kl;
    for (double value = 0.0; text >> value;) kl.push_back(value);
    if (kl.empty()) continue;
    std::sort(kl.begin(), kl.end(), std::greater<>());
    Json values = Json::array();
    for (std::size_t k = 0; k < kl.size(); ++k) values.push_back({{"rank", k + 1}, {"kl", kl[k]}});
    Json spec = base_spec(std::move(values), 200);
    spec["mark"] = {{"type", "area"}, {"interpolate", "step-after"}, {"color", "#0072B2"}};
    spec["encoding"] = {{"x", quantitative("rank", "latent dimension, most used first")},
                        {"y", quantitative("kl", "KL to the prior, nat")}};
    return Figure{"Use of the latent vector",
                  fmt::format("Validation, epoch {:.0f}.", finite_number(*row, "epoch").value_or(0)), std::move(spec)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Figure> training_figure(const std::vector<Json>& rows, const TrainingCurve& curve) {
  Json values = Json::array();
  std::set<std::string> names;
  std::set<double> levels;
  for (const Json& row : rows) {
    const std::optional<double> epoch = finite_number(row, "epoch");
    if (!epoch) continue;
    for (const std::string& key : curve.keys) {
      const std::optional<double> value = finite_number(row, key.c_str());
      if (!value || (curve.logarithmic && *value <= 0)) continue;
      std::string name = key.starts_with(curve.prefix) ? key.substr(curve.prefix.size()) : key;
      names.insert(name);
      levels.insert(*value);
      values.push_back({{"epoch", *epoch}, {"value", *value}, {"line", name}, {"phase", text_of(row, "phase")}});
    }
  }
  if (values.empty()) return std::nullopt;
  Json spec = base_spec(std::move(values), 200);
  Json y = quantitative("value", "");
  y["scale"] = {{"type", curve.logarithmic ? "log" : "linear"}, {"nice", true}};
  // An axis around a single number has no marks: it starts from zero.
  if (!curve.logarithmic) y["scale"]["zero"] = levels.size() == 1;
  Json colour = legend_on_top(nominal("line", ""));
  colour["scale"] = {{"range", palette()}};
  if (names.size() == 1) colour["legend"] = nullptr;
  spec["layer"] = Json::array();
  spec["layer"].push_back({{"mark", {{"type", "line"}, {"strokeWidth", 2}, {"point", {{"size", 14}}}}},
                           {"encoding", {{"x", quantitative("epoch", "epoch")}, {"y", y}, {"color", colour}}}});
  std::string caption;
  if (curve.yardstick && (!curve.logarithmic || *curve.yardstick > 0)) {
    spec["layer"].push_back(
        {{"data", {{"values", {{{"level", *curve.yardstick}}}}}},
         {"mark", {{"type", "rule"}, {"strokeDash", {6, 4}}, {"strokeWidth", 1.5}, {"color", "#D55E00"}}},
         {"encoding", {{"y", {{"field", "level"}, {"type", "quantitative"}}}}}});
    caption = fmt::format("Dashed: {}, {}.", curve.yardstick_name, readable(*curve.yardstick));
  }
  return Figure{curve.title, caption, std::move(spec)};
}

std::vector<Figure> training_figures(const std::vector<Json>& rows) {
  std::vector<std::string> errors = keys_with(rows, "Val/squared_error_");
  std::erase_if(errors,
                [](const std::string& key) { return key.ends_with("_mean_picture") || key.ends_with("_black"); });
  const std::vector<TrainingCurve> curves = {
      {"Validation, squared error by latent rule", errors, "Val/squared_error_", true, newest_value(rows, kMeanPicture),
       "the mean training picture"},
      {"Validation, share nearest to its own input", keys_with(rows, "Val/own_share_"), "Val/own_share_", false,
       std::nullopt, ""},
      {"Training, reconstruction error", {"Train/Loss_REC_ERRS"}, "Train/", true, std::nullopt, ""},
      {"Training, KL of real, fake and rebuilt images",
       {"Train/Loss_REAL", "Train/Loss_FAKE", "Train/Loss_REC"},
       "Train/Loss_",
       true,
       std::nullopt,
       ""},
      {"Gap between fake and real KL", {"Train/Loss_DKLS"}, "Train/", false, 0.0, "no gap"},
      {"Exponential terms", {"Train/Loss_EXP_F", "Train/Loss_EXP_R"}, "Train/Loss_", false, std::nullopt, ""},
      {"Share of images with an exponential term near 0",
       {"Train/exp_saturated_share"},
       "Train/",
       false,
       std::nullopt,
       ""},
      {"Embedding loss", {"Train/Loss_EMB"}, "Train/", false, std::nullopt, ""},
      {"Learning rate", {"lr"}, "", false, std::nullopt, ""},
      {"Norm of the gradient", {"Train/grad_norm_e", "Train/grad_norm_d"}, "Train/grad_norm_", true, std::nullopt, ""},
      {"Validation, KL to the prior, nat", {"Val/kl"}, "Val/", true, std::nullopt, ""},
      {"Validation, latent dimensions in use (above 0.01 nat)", {"Val/active_latents"}, "Val/", false, 0.0, "none"},
      {"Validation, contrast of reconstructions over that of inputs",
       {"Val/contrast_share"},
       "Val/",
       false,
       1.0,
       "equal"},
      {"Validation, mean level of reconstructions", {"Val/output_level"}, "Val/", false, std::nullopt, ""},
      {"Steps left out, not finite", {"Train/bad_steps"}, "Train/", false, std::nullopt, ""},
      {"Slices a second", {"slices_per_second"}, "", false, std::nullopt, ""},
      {"Validation, loss as the reference logs it",
       {"Val/Val_loss_rec", "Val/Val_loss_mse", "Val/Val_loss_pl"},
       "Val/Val_loss_",
       true,
       std::nullopt,
       ""}};
  std::vector<Figure> figures;
  std::set<std::string> shown = {kMeanPicture};
  for (const TrainingCurve& curve : curves) {
    shown.insert(curve.keys.begin(), curve.keys.end());
    if (const auto figure = training_figure(rows, curve)) figures.push_back(*figure);
  }
  if (auto usage = latent_usage_figure(rows)) figures.push_back(std::move(*usage));
  const std::vector<Figure> others = other_figures(rows, shown);
  figures.insert(figures.end(), others.begin(), others.end());
  return figures;
}

}  // namespace ra

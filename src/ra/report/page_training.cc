#include "ra/report/page_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "ra/report/page_html.h"

namespace ra {
namespace {

constexpr std::size_t kMaxExamples = 6;
constexpr const char* kMeanPicture = "Val/squared_error_mean_picture";

// The newest finite value of a key; nullopt if there is none.
std::optional<double> newest(const std::vector<Json>& rows, const std::string& key) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (const auto value = finite_number(*row, key.c_str())) return value;
  }
  return std::nullopt;
}

// Keys of all rows that start with `prefix`, in order of their names.
std::vector<std::string> keys_with(const std::vector<Json>& rows, const std::string& prefix) {
  std::set<std::string> keys;
  for (const Json& row : rows) {
    for (const auto& [key, value] : row.items()) {
      if (key.starts_with(prefix)) keys.insert(key);
    }
  }
  return {keys.begin(), keys.end()};
}

const Json* last_epoch(const std::vector<Json>& rows) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const std::string phase = text_of(*row, "phase");
    if (phase == "warmup" || phase == "introspective") return &*row;
  }
  return nullptr;
}

// The best of the newest values by latent rule; `smaller` says which is better.
std::optional<double> best_newest(const std::vector<Json>& rows, const std::string& prefix, bool smaller) {
  std::optional<double> best;
  for (const std::string& key : keys_with(rows, prefix)) {
    if (key.ends_with("_mean_picture") || key.ends_with("_black")) continue;
    const auto value = newest(rows, key);
    if (value && (!best || (smaller ? *value < *best : *value > *best))) best = value;
  }
  return best;
}

void warn_of_latents(const std::vector<Json>& rows, const Json& last, std::vector<std::string>& warnings) {
  const auto kl = finite_number(last, "Train/Loss_REAL");
  if (kl && *kl < 1.0) {
    warnings.push_back(
        fmt::format("Posterior collapse: the latent vector carries {:.3g} nats (KL to the prior, epoch "
                    "{}), so reconstructions hardly depend on the input.",
                    *kl, finite_number(last, "epoch").value_or(0)));
  }
  if (const auto share = best_newest(rows, "Val/own_share_", false); share && *share < 0.05) {
    warnings.push_back(
        fmt::format("Constant output: only {:.1f} % of validation images are nearest to their own "
                    "reconstruction.",
                    100 * *share));
  }
  const auto yardstick = newest(rows, kMeanPicture), error = best_newest(rows, "Val/squared_error_", true);
  if (yardstick && error && *error >= *yardstick) {
    warnings.push_back(
        fmt::format("Worse than the mean picture: the squared error on validation is {:.1f} by the best "
                    "latent rule; the mean training picture has {:.1f}.",
                    *error, *yardstick));
  }
}

void warn_of_introspection(const Json& last, std::vector<std::string>& warnings) {
  if (text_of(last, "phase") != "introspective") return;
  const auto real = finite_number(last, "Train/Loss_REAL"), gap = finite_number(last, "Train/Loss_DKLS");
  if (real && gap && std::abs(*gap) < 0.01 * std::abs(*real)) {
    warnings.push_back(
        fmt::format("Vanishing gap: the KL of fakes and of real images differ by {:.3g} of {:.3g}, so "
                    "the encoder no longer tells them apart.",
                    *gap, *real));
  }
  for (const char* key : {"Train/Loss_EXP_F", "Train/Loss_EXP_R"}) {
    const auto value = finite_number(last, key);
    if (value && *value < 1e-6) {
      warnings.push_back(fmt::format("Saturated exponential: {} is {:.3g}; its gradient is gone.", key, *value));
    }
  }
  std::string lost;
  for (const auto& [key, value] : last.items()) {
    if (key.starts_with("Train/Loss_") && value.is_null()) lost += (lost.empty() ? "" : ", ") + key;
  }
  if (!lost.empty()) warnings.push_back("Not finite in the last epoch: " + lost + ".");
}

// Keys that no named figure shows, each with a figure of its own.
std::vector<Figure> other_figures(const std::vector<Json>& rows, const std::set<std::string>& shown) {
  std::vector<Figure> figures;
  for (const std::string& key : keys_with(rows, "")) {
    if (shown.contains(key) || key.starts_with("_") || key.starts_with("Test/") || key == "epoch" || key == "step")
      continue;
    if (key.starts_with("Val/squared_error_black")) continue;
    if (const auto figure = training_figure(rows, {key, {key}, "", false, std::nullopt, ""}))
      figures.push_back(*figure);
  }
  return figures;
}

std::vector<Figure> training_figures(const std::vector<Json>& rows) {
  std::vector<std::string> errors = keys_with(rows, "Val/squared_error_");
  std::erase_if(errors,
                [](const std::string& key) { return key.ends_with("_mean_picture") || key.ends_with("_black"); });
  const std::vector<TrainingCurve> curves = {
      {"Validation, squared error by latent rule", errors, "Val/squared_error_", true, newest(rows, kMeanPicture),
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
      {"Embedding loss", {"Train/Loss_EMB"}, "Train/", false, std::nullopt, ""},
      {"Learning rate", {"lr"}, "", false, std::nullopt, ""},
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
  const std::vector<Figure> others = other_figures(rows, shown);
  figures.insert(figures.end(), others.begin(), others.end());
  return figures;
}

void add_examples(PageBody& body, const RunFiles& run) {
  if (run.examples.empty()) return;
  const std::size_t count = std::min(kMaxExamples, run.examples.size());
  body.add_heading(fmt::format("Reconstructions over time (the newest {} of {} pictures)", count, run.examples.size()));
  for (std::size_t k = 0; k < count; ++k)
    body.add_picture(run.examples[run.examples.size() - 1 - k], "Reconstructions");
}

}  // namespace

std::vector<std::string> training_warnings(const std::vector<Json>& rows) {
  std::vector<std::string> warnings;
  const Json* last = last_epoch(rows);
  if (last == nullptr) return warnings;
  warn_of_latents(rows, *last, warnings);
  warn_of_introspection(*last, warnings);
  return warnings;
}

void add_training_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading) {
  const std::vector<Figure> figures = training_figures(run.training);
  if (figures.empty() && run.examples.empty()) return;
  body.begin_section(prefix + "-training", heading.empty() ? "Training" : "Training \xE2\x80\x93 " + heading);
  body.add_figures(figures);
  add_examples(body, run);
  body.end_section();
}

}  // namespace ra

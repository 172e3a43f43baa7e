#include "ra/report/training_warnings.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "ra/report/training_rows.h"

namespace ra {
namespace {

// Of the inputs' contrast.
constexpr double kLeastContrast = 0.05;

// The best of the newest values by latent rule; `smaller` says which is better.
std::optional<double> best_newest(const std::vector<Json>& rows, const std::string& prefix, bool smaller) {
  std::optional<double> best;
  for (const std::string& key : keys_with(rows, prefix)) {
    if (key.ends_with("_mean_picture") || key.ends_with("_black")) continue;
    const auto value = newest_value(rows, key);
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
  const auto yardstick = newest_value(rows, "Val/squared_error_mean_picture");
  const auto error = best_newest(rows, "Val/squared_error_", true);
  if (yardstick && error && *error >= *yardstick) {
    warnings.push_back(
        fmt::format("Worse than the mean picture: the squared error on validation is {:.1f} by the best "
                    "latent rule; the mean training picture has {:.1f}.",
                    *error, *yardstick));
  }
}

// The reconstructions hardly vary over an image, whatever the input.
void warn_of_empty_output(const Json& last, std::vector<std::string>& warnings) {
  const auto contrast = finite_number(last, "Val/contrast_share"), level = finite_number(last, "Val/output_level");
  if (!contrast || !level || *contrast >= kLeastContrast) return;
  const char* color = *level < 0.1 ? "black" : *level > 0.9 ? "white" : "gray";
  warnings.push_back(
      fmt::format("Empty output: reconstructions are one {} area (mean {:.3g}, {:.2g} % of the inputs' contrast).",
                  color, *level, 100 * *contrast));
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

}  // namespace

std::vector<std::string> training_warnings(const std::vector<Json>& rows) {
  std::vector<std::string> warnings;
  const Json* last = last_epoch(rows);
  if (last == nullptr) return warnings;
  warn_of_latents(rows, *last, warnings);
  warn_of_empty_output(*last, warnings);
  warn_of_introspection(*last, warnings);
  return warnings;
}

}  // namespace ra

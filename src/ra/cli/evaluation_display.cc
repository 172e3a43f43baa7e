#include "ra/cli/evaluation_display.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

namespace ra {
namespace {

// What fits on a screen; results.json has all.
bool is_headline(const EvaluatedMetric& row) {
  if (!row.group.empty() && row.group != "within") return false;
  if (row.protocol == "detection") {
    return row.mode == "strict" && row.score == "mean" &&
           (row.metric == "auroc" || row.metric == "average_precision" || row.metric.starts_with("auroc_"));
  }
  if (row.protocol == "localization") return row.metric == "detection_rate" || row.metric == "froc_mean";
  if (row.protocol == "pixel") return row.metric.find("_minus_") == std::string::npos;
  return row.protocol == "reconstruction" && (row.metric == "mae" || row.metric == "ssim");
}

std::string describe(const EvaluatedMetric& row) {
  if (!row.value.value) return "undefined (" + row.reason + ")";
  std::string text = fmt::format("{:.3f}", *row.value.value);
  if (row.interval) text += fmt::format(" ({:.3f} to {:.3f})", row.interval->low, row.interval->high);
  if (row.p_value) text += fmt::format(", p {:.3g}", *row.p_value);
  return text;
}

}  // namespace

void print_evaluation(const EvaluationResults& results, const std::filesystem::path& folder, bool quiet) {
  for (const std::string& failure : results.failures) fmt::print(stderr, "ra: error: {}\n", failure);
  for (const std::string& warning : results.warnings) fmt::print(stderr, "ra: warning: {}\n", warning);
  if (quiet) return;
  for (const EvaluatedMetric& row : results.metrics) {
    if (!is_headline(row)) continue;
    const std::string set = row.group.empty() ? row.set : row.set + " within itself";
    fmt::print("  {:<13} {:<14} {}: {}{} {}; n = {}\n", row.method, row.protocol, set, row.metric,
               row.protocol == "localization" ? " (" + row.mode + ")" : "", describe(row), fmt::join(row.n, " + "));
  }
  for (const HealthyMapThreshold& one : results.thresholds) {
    if (one.percent == 5 && one.mode == "strict") {
      fmt::print("  pixel threshold at 5 % of {} pixels of the healthy maps: {:.6g}\n", one.pixels, one.threshold);
    }
  }
  const EvaluationSeconds& seconds = results.seconds;
  fmt::print(
      "  seconds: files {:.1f}, network {:.1f}, opponents {:.1f}, metrics {:.1f}, statistics {:.1f}, output {:.1f}\n",
      seconds.files, seconds.network, seconds.opponents, seconds.metrics, seconds.statistics, seconds.output);
  fmt::print("  results: {}\n", folder.string());
}

}  // namespace ra

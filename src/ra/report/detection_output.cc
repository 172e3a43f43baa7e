#include "ra/report/detection_output.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/detection/slice_reader.h"
#include "ra/evaluation/mean_picture.h"
#include "ra/io/read_image.h"
#include "ra/report/score_table.h"
#include "ra/report/tensor_picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json metrics_json(const std::vector<DetectionMetrics>& all) {
  Json list = Json::array();
  for (const DetectionMetrics& metrics : all) {
    Json entry = {{"set", metrics.set},
                  {"healthy", metrics.healthy},
                  {"pathological", metrics.pathological},
                  {"auroc", number(metrics.auroc)},
                  {"auroc_interval_95", nullptr},
                  {"average_precision", number(metrics.average_precision)},
                  {"fpr_at_95_tpr", number(metrics.fpr_at_95_tpr)},
                  {"fpr_at_99_tpr", number(metrics.fpr_at_99_tpr)}};
    if (metrics.auroc_interval) entry["auroc_interval_95"] = {metrics.auroc_interval->low, metrics.auroc_interval->high};
    list.push_back(entry);
  }
  return list;
}

// Indices of `count` of the set's images, evenly spaced in the order of their scores.
std::vector<std::size_t> spread_by_score(const std::vector<ImageScore>& scores, const std::string& set,
                                         std::size_t count) {
  std::vector<std::size_t> members;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    if (scores[k].set == set) members.push_back(k);
  }
  std::stable_sort(members.begin(), members.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a].score < scores[b].score; });
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < std::min(count, members.size()); ++k) {
    chosen.push_back(members[(2 * k + 1) * members.size() / (2 * std::min(count, members.size()))]);
  }
  return chosen;
}

SheetCase sheet_case(const AnomalyDetector& detector, const ImageScore& row, const TruthMasks& truth) {
  std::size_t constant = 0;
  const InputSlice slice = read_slices(row.image, SliceRule::mid(), detector.input(), constant).front();
  const AnomalyResult result = detector.detect(slice.prepared.pixels.unsqueeze(0)).front();
  SheetCase one;
  one.title = row.set + " " + row.image.stem().string();
  one.input = tensor_picture(slice.prepared.pixels);
  one.reconstruction = tensor_picture(result.reconstruction);
  one.map = tensor_picture(result.map);
  one.score = result.score;
  if (const auto mask = truth.find(row.image); mask != truth.end()) {
    one.truth = tensor_picture(prepare_mask(read_image(mask->second), detector.input().image_size));
  }
  return one;
}

}  // namespace

DetectionComparison compare_detection(const AnomalyDetector& detector, const std::vector<DetectionSet>& sets,
                                      const std::vector<fs::path>& training, std::uint64_t seed,
                                      const std::function<void(std::size_t, std::size_t)>& progress) {
  DetectionComparison comparison;
  comparison.report = evaluate_detection(detector, sets, seed, progress);
  const std::vector<ImageScore>& scores = comparison.report.scores;
  comparison.shuffled_metrics = detection_metrics(with_shuffled_labels(scores, seed), seed);
  if (!training.empty()) {
    comparison.mean_picture_scores = MeanPicture(training, detector.input()).score(scores);
    comparison.mean_picture_metrics = detection_metrics(comparison.mean_picture_scores, seed);
  }
  return comparison;
}

void write_detection_output(const fs::path& folder, const DetectionComparison& comparison,
                            const DetectorIdentity& by) {
  make_output_folder(folder);
  std::string table = "set,input,score,perceptual,backend,precision,model,latent,reconstruction_mae,mean_picture_score\n";
  for (std::size_t k = 0; k < comparison.report.scores.size(); ++k) {
    const ImageScore& row = comparison.report.scores[k];
    const bool compared = k < comparison.mean_picture_scores.size();
    table += fmt::format("{},{},{:.9g},{},{},{},{},{},{:.9g},{}\n", csv_field(row.set), csv_field(row.image.string()),
                         row.score, by.perceptual, by.backend, by.precision, csv_field(by.model), by.latent,
                         row.reconstruction_mae,
                         compared ? fmt::format("{:.9g}", comparison.mean_picture_scores[k].score) : "");
  }
  write_file(folder / "scores.csv", table);
  const Json json = {{"note", "Research use only; not a medical device."},
                     {"detector",
                      {{"model", by.model},
                       {"perceptual", by.perceptual},
                       {"backend", by.backend},
                       {"precision", by.precision},
                       {"latent", by.latent}}},
                     {"interval", "95 %, percentile bootstrap over images within each class, 2000 resamples"},
                     {"detection", metrics_json(comparison.report.metrics)},
                     {"mean_picture", metrics_json(comparison.mean_picture_metrics)},
                     {"shuffled_labels", metrics_json(comparison.shuffled_metrics)},
                     {"failures", comparison.report.failures}};
  write_file(folder / "detection.json", json.dump(2) + "\n");
}

RgbPicture detection_sheet(const AnomalyDetector& detector, const DetectionReport& report, const TruthMasks& truth,
                           int per_set) {
  std::vector<std::string> sets;
  for (const ImageScore& row : report.scores) {
    if (std::find(sets.begin(), sets.end(), row.set) == sets.end()) sets.push_back(row.set);
  }
  std::vector<SheetCase> cases;
  for (const std::string& set : sets) {
    for (const std::size_t k : spread_by_score(report.scores, set, static_cast<std::size_t>(per_set))) {
      cases.push_back(sheet_case(detector, report.scores[k], truth));
    }
  }
  ContactSheetOptions options;
  options.title = "Cases evenly spaced by score; one colour scale for all";
  options.zoom = detector.input().image_size < 128 ? 2 : 1;
  options.cases_per_row = 2;
  return render_contact_sheet(cases, ColorScale(detector.map_maximum()), options);
}

std::string format_with_interval(const std::optional<double>& value, const std::optional<Interval>& interval) {
  if (!value) return "undefined";
  if (!interval) return fmt::format("{:.3f}", *value);
  return fmt::format("{:.3f} ({:.3f}-{:.3f})", *value, interval->low, interval->high);
}

}  // namespace ra

#include "ra/evaluation/detection.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/detection/slice_reader.h"
#include "ra/metrics/roc.h"

namespace ra {
namespace {

// The images of one batch that could be read.
struct Batch {
  std::vector<ImageScore> rows;
  std::vector<at::Tensor> slices;

  void score(const AnomalyDetector& detector, std::vector<ImageScore>& scores) {
    if (rows.empty()) return;
    const std::vector<AnomalyResult> results = detector.detect(at::stack(slices));
    for (std::size_t k = 0; k < rows.size(); ++k) {
      rows[k].score = results[k].score;
      rows[k].reconstruction_mae = results[k].reconstruction_mae;
      scores.push_back(rows[k]);
    }
    rows.clear();
    slices.clear();
  }
};

bool is_normal(const std::string& set) { return DetectionSet{set, {}}.is_normal(); }

DetectionMetrics metrics_of(const std::string& set, const std::vector<ImageScore>& scores, std::uint64_t seed) {
  std::vector<double> values;
  std::vector<std::uint8_t> labels;
  for (const ImageScore& row : scores) {
    if (row.set != set && !is_normal(row.set)) continue;
    values.push_back(row.score);
    labels.push_back(row.set == set ? 1 : 0);
  }
  DetectionMetrics metrics;
  metrics.set = set;
  metrics.pathological = static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 1));
  metrics.healthy = labels.size() - metrics.pathological;
  metrics.auroc = auroc(values, labels);
  metrics.fpr_at_95_tpr = fpr_at_tpr(values, labels, 0.95);
  metrics.fpr_at_99_tpr = fpr_at_tpr(values, labels, 0.99);
  metrics.auroc_interval = bootstrap_auroc_interval(values, labels, seed);
  if (metrics.healthy > 0) metrics.average_precision = average_precision(values, labels);
  return metrics;
}

}  // namespace

std::vector<DetectionMetrics> detection_metrics(const std::vector<ImageScore>& scores, std::uint64_t seed) {
  std::vector<std::string> names;
  for (const ImageScore& row : scores) {
    if (!is_normal(row.set) && std::find(names.begin(), names.end(), row.set) == names.end()) names.push_back(row.set);
  }
  std::vector<DetectionMetrics> metrics;
  for (const std::string& name : names) metrics.push_back(metrics_of(name, scores, seed));
  return metrics;
}

DetectionReport evaluate_detection(const AnomalyDetector& detector, const std::vector<DetectionSet>& sets,
                                   std::uint64_t seed,
                                   const std::function<void(std::size_t, std::size_t)>& progress) {
  std::size_t total = 0, done = 0;
  for (const DetectionSet& set : sets) total += set.images.size();
  DetectionReport report;
  Batch batch;
  for (const DetectionSet& set : sets) {
    for (const std::filesystem::path& image : set.images) {
      try {
        std::size_t constant = 0;
        const auto slices = read_slices(image, SliceRule::mid(), detector.input(), constant);
        batch.rows.push_back({set.name, image});
        batch.slices.push_back(slices.front().prepared.pixels);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kBadInput) throw;
        report.failures.push_back(error.what());
      }
      if (static_cast<int>(batch.rows.size()) >= detector.options().batch_size) batch.score(detector, report.scores);
      if (progress) progress(++done, total);
    }
  }
  batch.score(detector, report.scores);
  report.metrics = detection_metrics(report.scores, seed);
  return report;
}

}  // namespace ra

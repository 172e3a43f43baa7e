#include "ra/metrics/pixel_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "ra/metrics/aupro.h"
#include "ra/metrics/rank_metric.h"

namespace ra {
namespace {

// Columns summed at a time: their sums stay in the first cache, the clusters' counts of one block in the second.
constexpr std::size_t kBlock = 128;
constexpr int kBatch = 64;  // resamples for which a block is read once

// Histograms of all clusters over the bins that occur, as a matrix of three parts: negatives, positives, region
// shares. Stored in blocks of columns, [block][cluster][kBlock]. Counts to 2^24 are exact in float32, sums are double.
class HistogramMatrix {
 public:
  HistogramMatrix(std::span<const PixelCounts> images, const MapBins& bins, const Clustering& clustering)
      : clusters_(clustering.size()), regions_(clusters_) {
    std::vector<std::uint8_t> occurs(bins.size());
    for (const PixelCounts& image : images) {
      for (const BinCount& count : image.bins) occurs.at(count.bin) = 1;
    }
    std::vector<std::size_t> column(bins.size());
    for (auto k = static_cast<std::uint32_t>(bins.size()); k-- > 0;) {
      if (occurs[k] == 0) continue;
      column[k] = scores_.size();
      scores_.push_back(bins.lower_edge(k));
    }
    width_ = (scores_.size() + kBlock - 1) / kBlock * kBlock;
    values_.assign(3 * width_ * clusters_, 0.0f);
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::uint32_t cluster = clustering.of_case[i];
      regions_[cluster] += static_cast<double>(images[i].regions);
      for (const BinCount& count : images[i].bins) {
        at(cluster, column[count.bin]) += static_cast<float>(count.negatives);
        at(cluster, width_ + column[count.bin]) += static_cast<float>(count.positives);
        at(cluster, 2 * width_ + column[count.bin]) += static_cast<float>(count.region_share);
      }
    }
  }

  std::size_t row_length() const { return 3 * width_; }

  // sums[r] = the histograms times weights[r]; both hold kBatch rows at most.
  void multiply(const std::vector<std::vector<std::uint32_t>>& weights, std::vector<std::vector<double>>& sums) const {
    for (std::size_t block = 0; block < row_length() / kBlock; ++block) {
      const float* const rows = values_.data() + block * clusters_ * kBlock;
      for (std::size_t r = 0; r < weights.size(); ++r) {
        std::array<double, kBlock> sum{};
        for (std::size_t cluster = 0; cluster < clusters_; ++cluster) {
          if (weights[r][cluster] == 0) continue;
          const double weight = weights[r][cluster];
          const float* const row = rows + cluster * kBlock;
          for (std::size_t k = 0; k < kBlock; ++k) sum[k] += weight * static_cast<double>(row[k]);
        }
        std::copy(sum.begin(), sum.end(), sums[r].begin() + static_cast<std::ptrdiff_t>(block * kBlock));
      }
    }
  }

  // auroc, average precision, best Dice, aupro of a row of sums.
  std::array<MetricValue, 4> metrics(std::span<const std::uint32_t> weights, std::span<const double> sums) const {
    double regions = 0.0;
    for (std::size_t i = 0; i < clusters_; ++i) regions += weights[i] * regions_[i];
    std::vector<RocStep> steps;
    std::vector<CurvePoint> overlap{{0.0, 0.0, std::numeric_limits<double>::infinity()}};
    RocStep step;
    double share = 0.0;
    for (std::size_t k = 0; k < scores_.size(); ++k) {
      const std::int64_t negatives = std::llround(sums[k]), positives = std::llround(sums[width_ + k]);
      if (negatives + positives == 0) continue;
      step = {scores_[k], step.false_positives + negatives, step.true_positives + positives};
      share += sums[2 * width_ + k];
      steps.push_back(step);
      overlap.push_back({static_cast<double>(step.false_positives), share / regions, scores_[k]});
    }
    if (regions == 0.0 || step.false_positives == 0) overlap.clear();
    for (CurvePoint& point : overlap) point.x /= static_cast<double>(step.false_positives);
    return {rank_metric(RankMetric::kAuroc, steps), rank_metric(RankMetric::kAveragePrecision, steps),
            rank_metric(RankMetric::kBestDice, steps), area_to_fpr_limit(overlap)};
  }

 private:
  float& at(std::size_t cluster, std::size_t column) {
    return values_[(column / kBlock * clusters_ + cluster) * kBlock + column % kBlock];
  }

  std::size_t clusters_;
  std::vector<double> regions_;  // one a cluster
  std::vector<double> scores_;   // of the columns, descending
  std::size_t width_ = 0;        // of one part, a multiple of kBlock
  std::vector<float> values_;
};

}  // namespace

PixelReplicates bootstrap_pixels(std::span<const PixelCounts> images, const MapBins& bins,
                                 std::span<const std::int64_t> cluster_ids, const BootstrapOptions& options) {
  options.validate();
  std::vector<std::uint8_t> positive;
  for (const PixelCounts& image : images) positive.push_back(image.has_positives() ? 1 : 0);
  const Clustering clustering = cluster_cases(cluster_ids, positive);
  const ClusterDraws draws(clustering, options.seed);
  const HistogramMatrix histograms(images, bins, clustering);

  std::vector<std::vector<std::uint32_t>> weights{std::vector<std::uint32_t>(clustering.size(), 1)};
  std::vector<std::vector<double>> sums(kBatch, std::vector<double>(histograms.row_length()));
  histograms.multiply(weights, sums);
  std::array<MetricValue, 4> estimates = histograms.metrics(weights[0], sums[0]);
  PixelReplicates result;
  const std::array<Replicates*, 4> parts = {&result.auroc, &result.average_precision, &result.best_dice, &result.aupro};
  for (std::size_t k = 0; k < parts.size(); ++k)
    *parts[k] = {std::move(estimates[k]), {}, draws.too_few(), draws.least_clusters()};
  if (!draws.too_few().empty()) return result;

  for (int first = 0; first < options.resamples; first += kBatch) {
    const int count = std::min(kBatch, options.resamples - first);
    weights.assign(static_cast<std::size_t>(count), std::vector<std::uint32_t>(clustering.size()));
    for (int r = 0; r < count; ++r) draws.draw(first + r, weights[static_cast<std::size_t>(r)]);
    histograms.multiply(weights, sums);
    for (std::size_t r = 0; r < weights.size(); ++r) {
      const std::array<MetricValue, 4> values = histograms.metrics(weights[r], sums[r]);
      for (std::size_t k = 0; k < parts.size(); ++k) {
        parts[k]->values.push_back(values[k].value.value_or(std::numeric_limits<double>::quiet_NaN()));
      }
    }
  }
  return result;
}

}  // namespace ra

#include "ra/metrics/pixel_bootstrap.h"

#include <gtest/gtest.h>

#include <vector>

#include "ra/metrics/aupro.h"
#include "ra/metrics/random_cases.h"
#include "ra/metrics/rank_metric.h"

namespace ra {
namespace {

std::vector<PixelCounts> random_images(int count, const MapBins& bins, int most_lesions = 3) {
  std::vector<PixelCounts> images;
  for (int i = 0; i < count; ++i) {
    images.push_back(random_map(static_cast<std::uint32_t>(i), 24, 20, i % (most_lesions + 1), 1.0).count(bins));
  }
  return images;
}

TEST(BootstrapPixels, EqualsTheMetricsOfRepeatedImages) {
  const MapBins bins = MapBins::logarithmic();
  const std::vector<PixelCounts> images = random_images(23, bins);
  std::vector<std::int64_t> ids;
  std::vector<std::uint8_t> positive;
  for (std::size_t i = 0; i < images.size(); ++i) {
    ids.push_back(static_cast<std::int64_t>(i / 2));
    positive.push_back(images[i].has_positives() ? 1 : 0);
  }
  const PixelReplicates replicates = bootstrap_pixels(images, bins, ids, {5, 70});
  const Clustering clustering = cluster_cases(ids, positive);
  const ClusterDraws draws(clustering, 5);
  std::vector<std::uint32_t> weights(clustering.size());
  for (int r = 0; r < 70; r += 9) {
    draws.draw(r, weights);
    std::vector<PixelCounts> repeated;
    for (std::size_t i = 0; i < images.size(); ++i) {
      repeated.insert(repeated.end(), weights[clustering.of_case[i]], images[i]);
    }
    const std::vector<RocStep> steps = pooled_steps(repeated, bins);
    const auto at = static_cast<std::size_t>(r);
    EXPECT_EQ(replicates.auroc.values[at], *auroc(steps));
    EXPECT_EQ(replicates.average_precision.values[at], *average_precision(steps));
    EXPECT_EQ(replicates.best_dice.values[at], *rank_metric(RankMetric::kBestDice, steps).value);
    EXPECT_NEAR(replicates.aupro.values[at], *aupro(repeated, bins).value, 1e-6);
  }
}

TEST(BootstrapPixels, EstimatesTheMetricsOfAllImages) {
  const MapBins bins = MapBins::logarithmic();
  const std::vector<PixelCounts> images = random_images(30, bins);
  const PixelReplicates replicates = bootstrap_pixels(images, bins, {}, {5, 200});
  EXPECT_EQ(replicates.auroc.estimate.value, auroc(pooled_steps(images, bins)));
  EXPECT_NEAR(*replicates.aupro.estimate.value, *aupro(images, bins).value, 1e-6);
  for (const Replicates* one :
       {&replicates.auroc, &replicates.average_precision, &replicates.best_dice, &replicates.aupro}) {
    const Estimate result = estimate(*one);
    EXPECT_LT(result.interval->low, *result.metric.value);
    EXPECT_GT(result.interval->high, *result.metric.value);
  }
}

TEST(BootstrapPixels, IsUndefinedWithoutLesions) {
  const MapBins bins = MapBins::logarithmic();
  const PixelReplicates replicates = bootstrap_pixels(random_images(5, bins, 0), bins, {}, {5, 20});
  EXPECT_EQ(estimate(replicates.auroc).reason, "no positives, only negatives");
  EXPECT_FALSE(estimate(replicates.aupro).metric.value);
  EXPECT_FALSE(bootstrap_pixels({}, bins, {}, {5, 20}).auroc.estimate.value);
}

}  // namespace
}  // namespace ra

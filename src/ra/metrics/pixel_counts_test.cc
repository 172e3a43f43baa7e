#include "ra/metrics/pixel_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/aupro.h"
#include "ra/metrics/overlap.h"
#include "ra/metrics/quantisation.h"
#include "ra/metrics/random_cases.h"

namespace ra {
namespace {

std::vector<MapCase> random_maps(std::uint32_t first, int count) {
  std::vector<MapCase> maps;
  for (int i = 0; i < count; ++i) maps.push_back(random_map(first + static_cast<std::uint32_t>(i), 24, 20, i % 4, 1.2));
  return maps;
}

std::vector<PixelCounts> count_all(const std::vector<MapCase>& maps, const MapBins& bins) {
  std::vector<PixelCounts> counts;
  for (const MapCase& map : maps) counts.push_back(map.count(bins));
  return counts;
}

std::vector<float> all_values(const std::vector<MapCase>& maps) {
  std::vector<float> values;
  for (const MapCase& map : maps) values.insert(values.end(), map.map.begin(), map.map.end());
  return values;
}

TEST(PixelCounts, PoolTheStepsOfAllPixels) {
  const std::vector<MapCase> maps = random_maps(0, 6);
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
  for (const MapCase& map : maps) {
    scores.insert(scores.end(), map.map.begin(), map.map.end());
    labels.insert(labels.end(), map.truth.begin(), map.truth.end());
  }
  const MapBins bins = MapBins::exact(all_values(maps));
  const std::vector<RocStep> expected = roc_steps(scores, labels);
  const std::vector<RocStep> steps = pooled_steps(count_all(maps, bins), bins);
  ASSERT_EQ(steps.size(), expected.size());
  for (std::size_t k = 0; k < steps.size(); ++k) {
    EXPECT_EQ(steps[k].score, expected[k].score);
    EXPECT_EQ(steps[k].false_positives, expected[k].false_positives);
    EXPECT_EQ(steps[k].true_positives, expected[k].true_positives);
  }
}

TEST(PixelCounts, GiveEveryRegionTheSameWeight) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    const PixelCounts counts = random_map(i, 24, 20, 5, 1.0).count(MapBins::logarithmic());
    double shares = 0.0;
    for (const BinCount& bin : counts.bins) shares += bin.region_share;
    EXPECT_NEAR(shares, static_cast<double>(counts.regions), 1e-12);
    EXPECT_GT(counts.regions, 0);
  }
}

TEST(PixelCounts, LeaveOutWhatDoesNotCount) {
  const std::vector<float> map{1.0f, 2.0f, NAN, 4.0f};
  const std::vector<std::uint8_t> truth{0, 1, 1, 1}, counted{1, 1, 0, 0};
  const PixelCounts counts = count_pixels(map, truth, counted, 4, 1, MapBins::logarithmic());
  ASSERT_EQ(counts.bins.size(), 2u);
  EXPECT_EQ(counts.bins[0].negatives, 1u);
  EXPECT_EQ(counts.bins[1].positives, 1u);
  EXPECT_EQ(counts.bins[1].region_share, 1.0);
  EXPECT_THROW(count_pixels(map, truth, {}, 4, 1, MapBins::logarithmic()), Error);
  EXPECT_THROW(count_pixels(map, truth, counted, 2, 1, MapBins::logarithmic()), Error);
  EXPECT_THROW(count_pixels(map, std::vector<std::uint8_t>{1}, {}, 4, 1, MapBins::logarithmic()), Error);
}

void expect_inside(double exact, const Interval& bracket, const char* metric) {
  EXPECT_LE(bracket.low, exact + 1e-12) << metric;
  EXPECT_GE(bracket.high, exact - 1e-12) << metric;
}

TEST(Quantisation, BracketsTheExactMetrics) {
  for (std::uint32_t trial = 0; trial < 12; ++trial) {
    const std::vector<MapCase> maps = random_maps(trial * 10, 5);
    const MapBins exact = MapBins::exact(all_values(maps));
    const auto exact_counts = count_all(maps, exact);
    const auto exact_steps = pooled_steps(exact_counts, exact);
    for (const MapBins& bins : {MapBins::logarithmic(), MapBins::of_ranks(all_values(maps), 256),
                                MapBins::of_ranks(all_values(maps), 7), MapBins({})}) {
      const auto counts = count_all(maps, bins);
      const auto steps = pooled_steps(counts, bins);
      expect_inside(*auroc(exact_steps), auroc_bracket(steps), "auroc");
      expect_inside(*average_precision(exact_steps), average_precision_bracket(steps), "average precision");
      expect_inside(*best_dice(exact_steps).dice.value, best_dice_bracket(steps), "best Dice");
      const Interval overlap = aupro_bracket(region_overlap_curve(counts, bins), kAuproFprLimit);
      expect_inside(*aupro(exact_counts, exact).value, overlap, "AUPRO");
      expect_inside(*auroc(steps), auroc_bracket(steps), "binned auroc");
      expect_inside(*average_precision(steps), average_precision_bracket(steps), "binned average precision");
      expect_inside(*aupro(counts, bins).value, overlap, "binned AUPRO");
    }
  }
}

TEST(Quantisation, IsSmallForTheUsualBins) {
  const std::vector<MapCase> maps = random_maps(500, 30);
  const MapBins exact = MapBins::exact(all_values(maps));
  const auto exact_counts = count_all(maps, exact);
  const auto exact_steps = pooled_steps(exact_counts, exact);
  for (const MapBins& bins : {MapBins::logarithmic(), MapBins::of_ranks(all_values(maps))}) {
    const auto counts = count_all(maps, bins);
    const auto steps = pooled_steps(counts, bins);
    EXPECT_NEAR(*auroc(steps), *auroc(exact_steps), 1e-4);
    EXPECT_NEAR(*average_precision(steps), *average_precision(exact_steps), 2e-3);
    EXPECT_NEAR(*best_dice(steps).dice.value, *best_dice(exact_steps).dice.value, 2e-3);
    EXPECT_NEAR(*aupro(counts, bins).value, *aupro(exact_counts, exact).value, 1e-3);
  }
}

}  // namespace
}  // namespace ra

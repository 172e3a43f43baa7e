#include "ra/metrics/aupro.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/components.h"
#include "ra/metrics/random_cases.h"

namespace ra {
namespace {

double aupro_of(const MapCase& one, double limit = kAuproFprLimit) {
  const MapBins bins = MapBins::exact(one.map);
  const std::vector<PixelCounts> images{one.count(bins)};
  return *aupro(images, bins, limit).value;
}

// The definition: region overlap and false positive rate at every threshold, then the trapezoids up to the limit.
double aupro_by_thresholds(const MapCase& one, double limit) {
  const Components truth = connected_components(one.truth, one.columns, one.rows);
  std::vector<float> thresholds = one.map;
  std::sort(thresholds.begin(), thresholds.end(), std::greater<>());
  double area = 0.0, last_x = 0.0, last_y = 0.0;
  for (const float threshold : thresholds) {
    std::vector<double> found(truth.regions.size());
    double above = 0.0, negatives = 0.0, y = 0.0;
    for (std::size_t i = 0; i < one.map.size(); ++i) {
      const bool kept = one.map[i] >= threshold;
      if (truth.labels[i] == 0) {
        negatives += 1.0;
        above += kept;
      } else if (kept) {
        found[truth.labels[i] - 1] += 1.0;
      }
    }
    for (std::size_t k = 0; k < found.size(); ++k) {
      y += found[k] / static_cast<double>(truth.regions[k].pixels) / static_cast<double>(found.size());
    }
    const double x = above / negatives;
    if (x > limit) {
      const double cut = last_y + (y - last_y) * (limit - last_x) / (x - last_x);
      return (area + 0.5 * (last_y + cut) * (limit - last_x)) / limit;
    }
    area += 0.5 * (last_y + y) * (x - last_x);
    last_x = x;
    last_y = y;
  }
  return area / limit;
}

TEST(Aupro, EqualsItsDefinition) {
  for (std::uint32_t i = 0; i < 12; ++i) {
    const MapCase one = random_map(i, 18, 14, 3, 0.8, i % 2 == 0 ? 0.02 : 0.0);
    EXPECT_NEAR(aupro_of(one), aupro_by_thresholds(one, 0.3), 1e-12);
    EXPECT_NEAR(aupro_of(one, 1.0), aupro_by_thresholds(one, 1.0), 1e-12);
  }
}

TEST(Aupro, IsOneForAPerfectMapAndZeroForAnInvertedOne) {
  MapCase one = random_map(3, 18, 14, 4, 0.0);
  for (std::size_t i = 0; i < one.map.size(); ++i) one.map[i] = one.truth[i];
  EXPECT_NEAR(aupro_of(one), 1.0, 1e-12);
  for (float& value : one.map) value = 1.0f - value;
  EXPECT_EQ(aupro_of(one), 0.0);
}

TEST(Aupro, IsHalfTheLimitForAMapWithoutInformation) {
  MapCase one = random_map(4, 18, 14, 4, 0.0);
  std::fill(one.map.begin(), one.map.end(), 0.5f);
  EXPECT_NEAR(aupro_of(one), 0.15, 1e-12);
}

TEST(Aupro, IgnoresMonotoneMapsAndIsBounded) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    MapCase one = random_map(i, 18, 14, 3, 0.5);
    const double before = aupro_of(one);
    EXPECT_GE(before, 0.0);
    EXPECT_LE(before, 1.0);
    for (float& value : one.map) value = 8.0f * value;  // exact in float, so that no ties arise
    EXPECT_NEAR(aupro_of(one), before, 1e-12);
  }
}

TEST(Aupro, CountsASmallLesionAsMuchAsALargeOne) {
  // A large lesion is found wholly, a small one not at all.
  MapCase one{20, 10, std::vector<float>(200), std::vector<std::uint8_t>(200)};
  for (std::size_t i = 0; i < 200; ++i) one.map[i] = 1e-3f * static_cast<float>(i % 7 + 1);
  for (std::size_t i = 0; i < 60; ++i) one.truth[i] = 1, one.map[i] = 1.0f;
  one.truth[150] = 1, one.map[150] = 0.0f;
  EXPECT_NEAR(aupro_of(one), 0.5, 1e-12);
}

TEST(Aupro, IsUndefinedWithoutRegionsOrNegatives) {
  MapCase one = random_map(5, 8, 8, 0, 0.0);
  const MapBins bins = MapBins::logarithmic();
  std::vector<PixelCounts> images{one.count(bins)};
  EXPECT_FALSE(aupro(images, bins).value);
  EXPECT_FALSE(aupro(images, bins).reason.empty());
  std::fill(one.truth.begin(), one.truth.end(), 1);
  images = {one.count(bins)};
  EXPECT_FALSE(aupro(images, bins).value);
  EXPECT_FALSE(aupro({}, bins).value);
  EXPECT_THROW(aupro(images, bins, 0.0), Error);
}

}  // namespace
}  // namespace ra

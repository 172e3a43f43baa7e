#include "ra/metrics/map_bins.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {
namespace {

std::vector<float> random_values(int count, bool with_sign) {
  CounterRandom random(12, 0, 0, Purpose::kLesion);
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    const double size = std::exp(random.uniform(-14.0, 5.0));
    values.push_back(static_cast<float>(with_sign && random.chance(0.5) ? -size : size));
  }
  return values;
}

TEST(MapBins, HoldTheirValuesBetweenTheirEdges) {
  for (const MapBins& bins : {MapBins::logarithmic(), MapBins::of_ranks(random_values(500, true), 64),
                              MapBins({-1.0f, 0.0f, 1e-30f, 2.0f})}) {
    for (const float value : random_values(3000, true)) {
      const std::uint32_t bin = bins.bin(value);
      ASSERT_LT(bin, bins.size());
      EXPECT_LE(bins.lower_edge(bin), value);
      EXPECT_TRUE(bin + 1 == bins.size() || bins.lower_edge(bin + 1) > value);
    }
  }
}

TEST(MapBins, CoverEveryFloat) {
  const MapBins bins = MapBins::logarithmic();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(bins.size(), 16387u);
  EXPECT_EQ(bins.bin(-kInfinity), 0u);
  EXPECT_EQ(bins.bin(kInfinity), bins.size() - 1);
  EXPECT_EQ(bins.bin(0.0f), bins.bin(-0.0f));
  EXPECT_EQ(bins.bin(0.0f), bins.bin(1e-9f));
  EXPECT_EQ(MapBins({0.0f}).bin(-0.0f), 1u);
  EXPECT_EQ(MapBins({}).size(), 1u);
  EXPECT_EQ(MapBins({}).bin(3.0f), 0u);
}

TEST(MapBins, AreAtMostOnePartIn256OfTheValueWide) {
  const MapBins bins = MapBins::logarithmic();
  for (const float value : random_values(3000, false)) {
    const std::uint32_t bin = bins.bin(value);
    EXPECT_LE(bins.lower_edge(bin + 1) - bins.lower_edge(bin), value / 256.0);
  }
}

TEST(MapBins, OfRanksHoldEquallyMany) {
  const std::vector<float> values = random_values(10000, true);
  const MapBins bins = MapBins::of_ranks(values, 100);
  std::vector<int> counts(bins.size());
  for (const float value : values) ++counts[bins.bin(value)];
  EXPECT_EQ(bins.size(), 100u);
  EXPECT_LE(*std::max_element(counts.begin(), counts.end()), 101);
}

TEST(MapBins, ExactSeparatesEveryDistinctValue) {
  const MapBins bins = MapBins::exact({0.5f, 0.25f, 0.5f, -1.0f});
  EXPECT_EQ(bins.bin(-1.0f), 1u);
  EXPECT_EQ(bins.bin(0.25f), 2u);
  EXPECT_EQ(bins.bin(0.5f), 3u);
}

TEST(MapBins, RefuseEdgesThatDoNotAscend) {
  EXPECT_THROW(MapBins({1.0f, 1.0f}), Error);
  EXPECT_THROW(MapBins({1.0f, NAN}), Error);
  EXPECT_THROW(MapBins::exact({NAN}), Error);
  EXPECT_THROW(MapBins::of_ranks({1.0f}, 0), Error);
}

}  // namespace
}  // namespace ra

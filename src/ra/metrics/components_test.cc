#include "ra/metrics/components.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {
namespace {

// Labels by flooding, in raster order of the first pixels.
std::vector<std::uint32_t> flood(const std::vector<std::uint8_t>& mask, std::int64_t columns, std::int64_t rows,
                                 bool diagonal) {
  std::vector<std::uint32_t> labels(mask.size(), 0);
  std::uint32_t next = 0;
  for (std::size_t start = 0; start < mask.size(); ++start) {
    if (mask[start] == 0 || labels[start] != 0) continue;
    std::vector<std::size_t> open{start};
    labels[start] = ++next;
    while (!open.empty()) {
      const auto at = static_cast<std::int64_t>(open.back());
      open.pop_back();
      for (std::int64_t dy = -1; dy <= 1; ++dy) {
        for (std::int64_t dx = -1; dx <= 1; ++dx) {
          if (!diagonal && dx != 0 && dy != 0) continue;
          const std::int64_t x = at % columns + dx, y = at / columns + dy;
          if (x < 0 || x >= columns || y < 0 || y >= rows) continue;
          const auto to = static_cast<std::size_t>(y * columns + x);
          if (mask[to] == 0 || labels[to] != 0) continue;
          labels[to] = next;
          open.push_back(to);
        }
      }
    }
  }
  return labels;
}

TEST(ConnectedComponents, EqualAFlood) {
  CounterRandom random(11, 0, 0, Purpose::kLesion);
  for (int trial = 0; trial < 60; ++trial) {
    const std::int64_t columns = 1 + random.below(30), rows = 1 + random.below(30);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(columns * rows));
    const double share = random.uniform(0.1, 0.8);
    for (std::uint8_t& pixel : mask) pixel = random.chance(share) ? 1 : 0;
    for (const bool diagonal : {false, true}) {
      const Components components =
          connected_components(mask, columns, rows, diagonal ? Connectivity::kEight : Connectivity::kFour);
      EXPECT_EQ(components.labels, flood(mask, columns, rows, diagonal));
      std::int64_t pixels = 0;
      for (const Region& region : components.regions) pixels += region.pixels;
      EXPECT_EQ(pixels, std::count(mask.begin(), mask.end(), 1));
    }
  }
}

TEST(ConnectedComponents, JoinsDiagonalsOnlyWithEightNeighbours) {
  const std::vector<std::uint8_t> mask{1, 0, 0, 1};
  EXPECT_EQ(connected_components(mask, 2, 2).regions.size(), 1u);
  EXPECT_EQ(connected_components(mask, 2, 2, Connectivity::kFour).regions.size(), 2u);
}

TEST(ConnectedComponents, MeasuresRegions) {
  const std::vector<std::uint8_t> mask{0, 9, 0, 9,  //
                                       0, 9, 9, 9,  //
                                       0, 0, 0, 0,  //
                                       9, 0, 0, 0};
  const Components components = connected_components(mask, 4, 4);
  ASSERT_EQ(components.regions.size(), 2u);
  const Region& first = components.regions[0];
  EXPECT_EQ(first.pixels, 5);
  EXPECT_EQ(first.left, 1);
  EXPECT_EQ(first.right, 3);
  EXPECT_EQ(first.top, 0);
  EXPECT_EQ(first.bottom, 1);
  EXPECT_EQ(components.labels[12], 2u);
}

TEST(ConnectedComponents, CoversEmptyMasksAndRefusesWrongSizes) {
  EXPECT_TRUE(connected_components({}, 0, 0).regions.empty());
  EXPECT_TRUE(connected_components(std::vector<std::uint8_t>(6, 0), 2, 3).regions.empty());
  EXPECT_EQ(connected_components(std::vector<std::uint8_t>(6, 1), 2, 3).regions.size(), 1u);
  EXPECT_THROW(connected_components(std::vector<std::uint8_t>(6, 1), 2, 2), Error);
  EXPECT_THROW(connected_components(std::vector<std::uint8_t>(6, 1), -2, -3), Error);
}

}  // namespace
}  // namespace ra

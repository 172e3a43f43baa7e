#include "ra/data/synthetic_brain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "ra/base/error.h"
#include "ra/data/synthetic_head.h"

namespace ra {
namespace {

constexpr std::uint64_t kSeed = 11;

Head head_of(std::uint32_t index) { return make_head(CounterRandom(kSeed, 0, index, Purpose::kBrainAnatomy)); }

SyntheticBrain brain_of(std::uint32_t index, std::optional<LesionKind> lesion = {}) {
  SyntheticBrainOptions options;
  options.lesion = lesion;
  return make_brain(options, kSeed, index);
}

double share_below(const std::vector<std::uint8_t>& image, int limit) {
  return static_cast<double>(std::count_if(image.begin(), image.end(), [&](int v) { return v < limit; })) /
         static_cast<double>(image.size());
}

TEST(SyntheticBrain, IsAFunctionOfSeedAndIndexOnly) {
  const SyntheticBrain first = brain_of(5);
  brain_of(6);
  EXPECT_EQ(first.image, brain_of(5).image);
  EXPECT_NE(first.image, brain_of(6).image);
  EXPECT_NE(first.image, make_brain({}, kSeed + 1, 5).image);
  for (const LesionKind kind : kLesionKinds) EXPECT_EQ(brain_of(5, kind).image, brain_of(5, kind).image);
}

TEST(SyntheticBrain, HasTheSizeAskedFor) {
  SyntheticBrainOptions options;
  options.columns = 96;
  options.rows = 128;
  const SyntheticBrain brain = make_brain(options, kSeed, 0);
  EXPECT_EQ(brain.columns, 96);
  EXPECT_EQ(brain.rows, 128);
  EXPECT_EQ(brain.image.size(), 96u * 128u);
  options.columns = 31;
  EXPECT_THROW(make_brain(options, kSeed, 0), Error);
}

// Real T1-weighted mid-axial slices have a mean of 102 +- 5 and 0.37 +- 0.02 of their pixels below 8.
TEST(SyntheticBrain, LooksLikeARealSliceInItsHistogram) {
  for (std::uint32_t index = 0; index < 12; ++index) {
    const std::vector<std::uint8_t> image = brain_of(index).image;
    const double mean = std::accumulate(image.begin(), image.end(), 0.0) / static_cast<double>(image.size());
    EXPECT_GT(mean, 80.0) << index;
    EXPECT_LT(mean, 128.0) << index;
    EXPECT_GT(share_below(image, 8), 0.22) << index;
    EXPECT_LT(share_below(image, 8), 0.50) << index;
  }
}

TEST(SyntheticBrain, LeavesTheCornersToAir) {
  const SyntheticBrain brain = brain_of(3);
  for (const std::int64_t row : {std::int64_t{0}, brain.rows - 10}) {
    for (std::int64_t r = row; r < row + 10; ++r) {
      for (std::int64_t c = 0; c < 10; ++c) EXPECT_LT(brain.image[static_cast<std::size_t>(r * brain.columns + c)], 30);
    }
  }
}

// Mean brightness at the depths and places where only one tissue lies.
TEST(SyntheticHead, OrdersTissuesAsT1Does) {
  for (std::uint32_t index = 0; index < 6; ++index) {
    const Head head = head_of(index);
    double white = 0, gray = 0, fluid = 0;
    int white_count = 0, gray_count = 0, fluid_count = 0;
    for (std::size_t i = 0; i < head.depth.values.size(); ++i) {
      const float depth = head.depth.values[i];
      const float from_ventricle = head.ventricle_distance.values[i];
      const float value = head.brightness.values[i];
      if (from_ventricle < -1.0f) fluid += value, ++fluid_count;
      if (depth > 1.5f && depth < 2.5f) gray += value, ++gray_count;
      if (depth > 26.0f && from_ventricle > 26.0f) white += value, ++white_count;
    }
    ASSERT_GT(std::min({white_count, gray_count, fluid_count}), 20) << index;
    EXPECT_GT(white / white_count, gray / gray_count + 15.0) << index;
    EXPECT_GT(gray / gray_count, fluid / fluid_count + 50.0) << index;
    const float putamen = head.brightness.sample({29.0f, -4.0f});
    EXPECT_LT(putamen, TissueBrightness::kWhiteMatter - 8.0f) << index;
    EXPECT_GT(putamen, TissueBrightness::kCortex) << index;
  }
}

TEST(SyntheticHead, DiffersBetweenPeople) {
  std::set<float> ages, ventricles, surfaces;
  for (std::uint32_t index = 0; index < 8; ++index) {
    const Head head = head_of(index);
    ages.insert(head.traits.age);
    ventricles.insert(head.traits.ventricle_size);
    surfaces.insert(head.outline.surface(0.0f).x);
  }
  EXPECT_EQ(ages.size(), 8u);
  EXPECT_GT(ventricles.size(), 4u);
  EXPECT_EQ(surfaces.size(), 8u);
}

TEST(HeadOutline, DepthIsZeroOnTheSurfaceAndGrowsInwards) {
  const Head head = head_of(0);
  for (float turns = 0.0f; turns < HeadOutline::kAngles; turns += 37.0f) {
    const HeadPoint surface = head.outline.surface(turns);
    EXPECT_NEAR(head.outline.depth(surface), 0.0f, 0.1f);
    EXPECT_GT(head.outline.depth({surface.x * 0.8f, surface.y * 0.8f}), 5.0f);
    EXPECT_LT(head.outline.depth({surface.x * 1.1f, surface.y * 1.1f}), -2.0f);
  }
}

class SyntheticLesion : public ::testing::TestWithParam<LesionKind> {};

TEST_P(SyntheticLesion, LeavesTheTwinAsItIsOutsideItsReach) {
  for (std::uint32_t index = 0; index < 6; ++index) {
    const SyntheticBrain healthy = brain_of(index);
    const SyntheticBrain ill = brain_of(index, GetParam());
    std::size_t same = 0;
    for (std::size_t i = 0; i < ill.image.size(); ++i) {
      if (ill.outside[i] == 0) continue;
      ASSERT_EQ(ill.image[i], healthy.image[i]) << "index " << index << " pixel " << i;
      ASSERT_EQ(ill.mask[i], 0);
      ++same;
    }
    EXPECT_GT(same, ill.image.size() / 2) << index;
  }
}

TEST_P(SyntheticLesion, HasAVisibleMaskInsideTheHead) {
  for (std::uint32_t index = 0; index < 12; ++index) {
    const SyntheticBrain ill = brain_of(index, GetParam());
    const SyntheticBrain healthy = brain_of(index);
    double inside = 0, far = 0;
    std::size_t count = 0, far_count = 0;
    for (std::size_t i = 0; i < ill.mask.size(); ++i) {
      const double change = std::abs(int{ill.image[i]} - int{healthy.image[i]});
      if (ill.mask[i] == 255) {
        inside += change;
        ++count;
      } else {
        EXPECT_EQ(ill.mask[i], 0);
        far += change;
        ++far_count;
      }
    }
    ASSERT_GE(count, 80u) << index;
    EXPECT_LT(count, ill.mask.size() / 8) << index;
    EXPECT_GT(inside / static_cast<double>(count), 25.0) << index;
    EXPECT_GT(inside / static_cast<double>(count), 8.0 * far / static_cast<double>(far_count)) << index;
    for (std::int64_t row = 0; row < ill.rows; ++row) {
      EXPECT_EQ(ill.mask[static_cast<std::size_t>(row * ill.columns)], 0);
      EXPECT_EQ(ill.mask[static_cast<std::size_t>(row * ill.columns + ill.columns - 1)], 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryKind, SyntheticLesion, ::testing::ValuesIn(kLesionKinds),
                         [](const auto& parameter) { return std::string(to_string(parameter.param)); });

}  // namespace
}  // namespace ra

#include "ra/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ra {
namespace {

// The known answers that the authors publish with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesTheKnownAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, IsAFunctionOfItsCoordinates) {
  CounterRandom first(7, 1, 2, Purpose::kShuffle), again(7, 1, 2, Purpose::kShuffle);
  CounterRandom other_purpose(7, 1, 2, Purpose::kAugmentation), other_index(7, 1, 3, Purpose::kShuffle);
  const auto value = first();
  EXPECT_EQ(value, again());
  EXPECT_NE(value, other_purpose());
  EXPECT_NE(value, other_index());
}

TEST(CounterRandom, NormalHasMeanZeroAndVarianceOne) {
  std::vector<float> values(200000);
  fill_normal(values, CounterRandom(1, 0, 0, Purpose::kPriorNoise));
  double sum = 0, square = 0;
  for (const float value : values) {
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    square += value * value;
  }
  EXPECT_NEAR(sum / values.size(), 0.0, 0.01);
  EXPECT_NEAR(square / values.size(), 1.0, 0.02);
}

TEST(CounterRandom, BelowCoversItsRangeEvenly) {
  CounterRandom random(3, 0, 0, Purpose::kBootstrap);
  std::array<int, 5> counts{};
  for (int k = 0; k < 50000; ++k) ++counts[random.below(5)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

}  // namespace
}  // namespace ra

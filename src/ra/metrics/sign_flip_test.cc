#include "ra/metrics/sign_flip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"

namespace ra {
namespace {

std::vector<double> shifted_normals(std::uint32_t index, int count, double shift) {
  CounterRandom random(14, 0, index, Purpose::kShuffle);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(random.normal() + shift);
  return values;
}

TEST(SignFlip, CountsAllFlipsOfFewCases) {
  EXPECT_EQ(sign_flip_p_value(std::vector<double>{1.0, 2.0, 3.0}), 2.0 / 8.0);
  EXPECT_EQ(sign_flip_p_value(std::vector<double>{1.0, -1.0}), 1.0);
  EXPECT_EQ(sign_flip_p_value(std::vector<double>{0.1, 0.2, 0.3, -0.6}), 1.0);
  EXPECT_EQ(sign_flip_p_value(std::vector<double>{5.0}), 1.0);
}

TEST(SignFlip, IgnoresSignScaleAndUndefinedCases) {
  std::vector<double> values = shifted_normals(1, 12, 0.6);
  const double p = *sign_flip_p_value(values);
  for (double& value : values) value *= -3.0;
  values.push_back(NAN);
  EXPECT_EQ(*sign_flip_p_value(values), p);
  EXPECT_FALSE(sign_flip_p_value(std::vector<double>{NAN}));
  EXPECT_FALSE(sign_flip_p_value({}));
  EXPECT_THROW(sign_flip_p_value(values, {}, 1, 0), Error);
}

TEST(SignFlip, DrawsFlipsOfManyCasesFromTheSeed) {
  const std::vector<double> values = shifted_normals(2, 100, 0.25);
  const double p = *sign_flip_p_value(values, {}, 5);
  EXPECT_EQ(*sign_flip_p_value(values, {}, 5), p);
  double sum = 0.0, squares = 0.0;
  for (const double value : values) sum += value, squares += value * value;
  EXPECT_NEAR(p, std::erfc(std::abs(sum) / std::sqrt(2.0 * squares)), 0.01);
}

TEST(SignFlip, OfClustersIsNotFooledByCopies) {
  const std::vector<double> values = shifted_normals(3, 10, 0.4);
  std::vector<double> copies;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < 10; ++i) {
    for (int k = 0; k < 5; ++k) {
      copies.push_back(values[i]);
      ids.push_back(static_cast<std::int64_t>(i));
    }
  }
  EXPECT_EQ(sign_flip_p_value(copies, ids), sign_flip_p_value(values));
  EXPECT_LT(*sign_flip_p_value(copies), *sign_flip_p_value(values));
}

TEST(SignFlip, RejectsTrueNullsAsOftenAsItSays) {
  int rejected = 0;
  constexpr int kTrials = 1000;
  for (std::uint32_t i = 0; i < kTrials; ++i) rejected += *sign_flip_p_value(shifted_normals(100 + i, 8, 0.0)) <= 0.1;
  EXPECT_NEAR(static_cast<double>(rejected) / kTrials, 12.0 * 2.0 / 256.0, 0.03);
}

}  // namespace
}  // namespace ra

#include "ra/metrics/conformal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/metrics/false_discovery.h"

namespace ra {
namespace {

std::vector<double> uniform_values(std::uint32_t index, int count) {
  CounterRandom random(15, 0, index, Purpose::kShuffle);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(random.uniform());
  return values;
}

TEST(HealthyScores, CountScoresAtLeastAsHigh) {
  const HealthyScores healthy({3.0, 1.0, 2.0, 2.0});
  EXPECT_EQ(healthy.p_value(4.0), 1.0 / 5.0);
  EXPECT_EQ(healthy.p_value(3.0), 2.0 / 5.0);
  EXPECT_EQ(healthy.p_value(2.0), 4.0 / 5.0);
  EXPECT_EQ(healthy.p_value(0.0), 1.0);
  EXPECT_TRUE(std::is_sorted(healthy.sorted().begin(), healthy.sorted().end()));
  EXPECT_THROW(HealthyScores({}), Error);
  EXPECT_THROW(HealthyScores({NAN}), Error);
  EXPECT_THROW(healthy.p_value(NAN), Error);
}

TEST(HealthyScores, GiveUniformPValuesUnderExchangeability) {
  // Whichever of n + 1 exchangeable scores is the new one, its p-value takes each of k / (n + 1) once.
  const std::vector<double> scores = uniform_values(1, 40);
  std::vector<double> p_values;
  for (std::size_t left_out = 0; left_out < scores.size(); ++left_out) {
    std::vector<double> others = scores;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
    p_values.push_back(HealthyScores(others).p_value(scores[left_out]));
  }
  std::sort(p_values.begin(), p_values.end());
  for (std::size_t k = 0; k < 40; ++k) EXPECT_NEAR(p_values[k], static_cast<double>(k + 1) / 40.0, 1e-15);
}

TEST(HealthyScores, GiveSmallerPValuesToHigherScoresAndIgnoreMonotoneMaps) {
  const std::vector<double> scores = uniform_values(2, 30);
  std::vector<double> mapped = scores;
  for (double& score : mapped) score = std::exp(score);
  double before = 1.0;
  for (double score = -0.1; score < 1.1; score += 0.01) {
    const double p = HealthyScores(scores).p_value(score);
    EXPECT_LE(p, before);
    EXPECT_EQ(HealthyScores(mapped).p_value(std::exp(score)), p);
    before = p;
  }
}

TEST(LeastHealthyCases, IsTheFirstNumberThatCanReachTheRate) {
  EXPECT_EQ(least_healthy_cases(0.05), 19u);
  EXPECT_EQ(least_healthy_cases(0.01), 99u);
  EXPECT_EQ(least_healthy_cases(0.1), 9u);
  EXPECT_EQ(least_healthy_cases(0.15), 6u);
  EXPECT_EQ(least_healthy_cases(0.99), 1u);
  for (std::size_t needed = 1; needed < 3000; ++needed) {
    const double rate = 1.0 / (static_cast<double>(needed) + 1.0);
    EXPECT_EQ(least_healthy_cases(rate), needed);
    const HealthyScores healthy(std::vector<double>(needed, 0.0));
    EXPECT_LE(healthy.p_value(1.0), rate);
  }
  EXPECT_THROW(least_healthy_cases(0.0), Error);
}

TEST(LeastHealthyCases, AreNamedWhereThereAreTooFew) {
  EXPECT_NO_THROW(require_healthy_cases(19, 0.05));
  try {
    require_healthy_cases(18, 0.05);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at least 19 healthy cases, there are 18"), std::string::npos);
  }
}

TEST(BenjaminiHochberg, HasTheKnownValues) {
  const std::vector<double> p_values{0.01, 0.04, 0.03, 0.005};
  const std::vector<double> expected{0.02, 0.04, 0.04, 0.02};
  const std::vector<double> adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
  EXPECT_THROW(benjamini_hochberg(std::vector<double>{1.5}), Error);
  EXPECT_THROW(benjamini_hochberg(std::vector<double>{NAN}), Error);
}

TEST(BenjaminiHochberg, IsMonotoneBoundedAndBlindToOrder) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    std::vector<double> p_values = uniform_values(i, 50);
    for (double& p : p_values) p = std::round(p * p * 40.0) / 40.0;  // with ties
    const std::vector<double> adjusted = benjamini_hochberg(p_values);
    for (std::size_t a = 0; a < 50; ++a) {
      EXPECT_GE(adjusted[a], p_values[a]);
      EXPECT_LE(adjusted[a], 1.0);
      for (std::size_t b = 0; b < 50; ++b) {
        EXPECT_TRUE(p_values[a] > p_values[b] || adjusted[a] <= adjusted[b]);
      }
    }
    std::vector<double> mirrored(p_values.rbegin(), p_values.rend());
    mirrored = benjamini_hochberg(mirrored);
    EXPECT_TRUE(std::equal(adjusted.begin(), adjusted.end(), mirrored.rbegin()));
  }
}

TEST(BenjaminiHochberg, DecidesAsTheStepUpRule) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    std::vector<double> p_values = uniform_values(30 + i, 60);
    for (double& p : p_values) p = p * p * p;
    std::vector<double> sorted = p_values;
    std::sort(sorted.begin(), sorted.end());
    double largest = -1.0;
    for (std::size_t k = 0; k < 60; ++k) {
      if (sorted[k] <= 0.1 * static_cast<double>(k + 1) / 60.0) largest = sorted[k];
    }
    const std::vector<std::uint8_t> decisions = false_discovery_decisions(p_values, 0.1);
    for (std::size_t k = 0; k < 60; ++k) EXPECT_EQ(decisions[k] == 1, p_values[k] <= largest);
  }
  EXPECT_THROW(false_discovery_decisions(uniform_values(1, 3), 0.0), Error);
}

}  // namespace
}  // namespace ra

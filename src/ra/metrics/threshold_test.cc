#include "ra/metrics/threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {
namespace {

// The definition, candidate by candidate.
HealthyThreshold threshold_by_search(const std::vector<float>& maps, double percent, int steps) {
  for (int k = 0; k < steps; ++k) {
    const double candidate = static_cast<double>(k) / steps;
    const auto above =
        std::count_if(maps.begin(), maps.end(), [&](float value) { return value > static_cast<float>(candidate); });
    const double share = static_cast<double>(above) * 100.0 / static_cast<double>(maps.size());
    if (share <= percent) return {candidate, share};
  }
  return {};
}

TEST(HealthyThreshold, EqualsASearchOverAllCandidates) {
  CounterRandom random(3, 0, 0, Purpose::kLesion);
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<float> maps(1 + random.below(800));
    for (float& value : maps) {
      value = static_cast<float>(std::round(std::pow(random.uniform(), 4) * 500.0) / 500.0);
    }
    const double percent = random.uniform(0.0, 30.0);
    const HealthyThreshold expected = threshold_by_search(maps, percent, 200);
    const HealthyThreshold got = *healthy_threshold(maps, percent, 200);
    EXPECT_EQ(got.threshold, expected.threshold) << trial;
    EXPECT_NEAR(got.mean_percent, expected.mean_percent, 1e-12) << trial;
  }
}

TEST(HealthyThreshold, CoversTheExtremes) {
  const std::vector<float> zeros(50, 0.0f), ones(50, 1.0f);
  EXPECT_EQ(healthy_threshold(zeros, 5.0)->threshold, 0.0);
  EXPECT_EQ(healthy_threshold(ones, 5.0)->threshold, 0.0);
  EXPECT_EQ(healthy_threshold(ones, 100.0)->mean_percent, 100.0);
  EXPECT_FALSE(healthy_threshold({}, 5.0));
  const std::vector<float> broken{0.1f, NAN};
  EXPECT_THROW(healthy_threshold(broken, 5.0), Error);
  EXPECT_THROW(healthy_threshold(zeros, -1.0), Error);
}

}  // namespace
}  // namespace ra

#include "ra/evaluation/latents.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ra/evaluation/test_cases.h"

namespace ra {
namespace {

TEST(Latents, KeepDistancesOfPointsInAPlane) {
  EvaluationResults results;
  for (int k = 0; k < 6; ++k) {
    CaseRecord one = scored_case(0, false, 0.0);
    const auto a = static_cast<float>(k), b = static_cast<float>(k * k % 5);
    one.latent = {a, 0.0f, b, 7.0f};
    one.reconstruction_latent = {a + 1.0f, 0.0f, b - 2.0f, 7.0f};
    results.cases.push_back(one);
  }
  const auto points = latents_in_two_dimensions(results);
  ASSERT_EQ(points.size(), 12u);
  for (std::size_t k = 0; k < 6; ++k) {
    EXPECT_NEAR(std::hypot(points[k].x - points[k + 6].x, points[k].y - points[k + 6].y), std::sqrt(5.0), 1e-9);
  }
  double xx = 0.0, yy = 0.0, xy = 0.0;
  for (const LatentPoint& point : points) xx += point.x * point.x, yy += point.y * point.y, xy += point.x * point.y;
  EXPECT_GE(xx, yy);
  EXPECT_NEAR(xy, 0.0, 1e-8);
}

TEST(Latents, AreEmptyWhereNobodyAskedForThem) {
  EvaluationResults results;
  results.cases = {scored_case(0, false, 0.0)};
  EXPECT_TRUE(latents_in_two_dimensions(results).empty());
}

}  // namespace
}  // namespace ra

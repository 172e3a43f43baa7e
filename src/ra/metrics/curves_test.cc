#include "ra/metrics/curves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ra/metrics/random_cases.h"

namespace ra {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double area_below(const std::vector<CurvePoint>& curve) {
  double area = 0.0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    area += 0.5 * (curve[i].x - curve[i - 1].x) * (curve[i].y + curve[i - 1].y);
  }
  return area;
}

// Smallest distance in y from the point to the line through the curve's points.
double distance(const CurvePoint& point, const std::vector<CurvePoint>& curve) {
  double least = kInfinity;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const CurvePoint &a = curve[i - 1], &b = curve[i];
    if (point.x < a.x || point.x > b.x) continue;
    const double low = std::min(a.y, b.y), high = std::max(a.y, b.y);
    const double y = a.x == b.x ? std::clamp(point.y, low, high) : a.y + (b.y - a.y) * (point.x - a.x) / (b.x - a.x);
    least = std::min(least, std::abs(point.y - y));
  }
  return least;
}

// The example of scikit-learn's documentation.
const std::vector<double> kScores{0.1, 0.4, 0.35, 0.8};
const std::vector<std::uint8_t> kLabels{0, 0, 1, 1};

TEST(RocCurve, HasTheDocumentedPoints) {
  const std::vector<CurvePoint> curve = roc_curve(roc_steps(kScores, kLabels));
  const std::vector<CurvePoint> expected{
      {0, 0, kInfinity}, {0, 0.5, 0.8}, {0.5, 0.5, 0.4}, {0.5, 1, 0.35}, {1, 1, 0.1}};
  ASSERT_EQ(curve.size(), expected.size());
  for (std::size_t i = 0; i < curve.size(); ++i) {
    EXPECT_EQ(curve[i].x, expected[i].x);
    EXPECT_EQ(curve[i].y, expected[i].y);
    EXPECT_EQ(curve[i].threshold, expected[i].threshold);
  }
}

TEST(PrCurve, HasTheDocumentedPoints) {
  const std::vector<CurvePoint> curve = pr_curve(roc_steps(kScores, kLabels));
  const std::vector<CurvePoint> expected{
      {0, 1, kInfinity}, {0.5, 1, 0.8}, {0.5, 0.5, 0.4}, {1, 2.0 / 3, 0.35}, {1, 0.5, 0.1}};
  ASSERT_EQ(curve.size(), expected.size());
  for (std::size_t i = 0; i < curve.size(); ++i) {
    EXPECT_EQ(curve[i].x, expected[i].x);
    EXPECT_NEAR(curve[i].y, expected[i].y, 1e-15);
    EXPECT_EQ(curve[i].threshold, expected[i].threshold);
  }
}

TEST(RocCurve, HasTheAurocBelowItWithAndWithoutCollinearPoints) {
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Cases cases = random_cases(i, 5 + static_cast<int>(i) * 9, 0.9, i % 2 == 0 ? 0.25 : 1e-9);
    const std::vector<RocStep> steps = roc_steps(cases.scores, cases.labels);
    const auto all = roc_curve(steps), fewer = roc_curve(steps, CurvePoints::kWithoutCollinear);
    EXPECT_NEAR(area_below(all), *auroc(steps), 1e-12);
    EXPECT_NEAR(area_below(fewer), *auroc(steps), 1e-12);
    EXPECT_LE(fewer.size(), all.size());
    for (const CurvePoint& point : all) EXPECT_LT(distance(point, fewer), 1e-12);
    EXPECT_EQ(fewer.back().x, 1.0);
    EXPECT_EQ(fewer.back().y, 1.0);
  }
}

TEST(RocCurve, NeedsOnlyTheCornersOfAPerfectRanking) {
  const Cases cases = random_cases(1, 200, 100.0, 1e-9);
  const auto corners = roc_curve(roc_steps(cases.scores, cases.labels), CurvePoints::kWithoutCollinear);
  ASSERT_EQ(corners.size(), 3u);
  EXPECT_EQ(corners[1].x, 0.0);
  EXPECT_EQ(corners[1].y, 1.0);
}

TEST(PrCurve, KeepsTheEndsOfRunsOfEqualRecall) {
  const Cases cases = random_cases(2, 300, 1.0, 1e-9);
  const std::vector<RocStep> steps = roc_steps(cases.scores, cases.labels);
  const auto all = pr_curve(steps), fewer = pr_curve(steps, CurvePoints::kWithoutCollinear);
  EXPECT_LT(fewer.size(), all.size());
  EXPECT_NEAR(area_below(all), area_below(fewer), 1e-12);
  for (const CurvePoint& point : all) {
    const bool between = std::any_of(fewer.begin() + 1, fewer.end(), [&](const CurvePoint& b) {
      const CurvePoint& a = *(&b - 1);
      return a.x <= point.x && point.x <= b.x && (a.x == b.x ? a.y >= point.y && point.y >= b.y : true);
    });
    EXPECT_TRUE(between);
    EXPECT_GE(point.y, 0.0);
    EXPECT_LE(point.y, 1.0);
  }
}

TEST(Curves, AreEmptyWithOneClass) {
  const std::vector<std::uint8_t> healthy{0, 0, 0, 0}, ill{1, 1, 1, 1};
  EXPECT_TRUE(roc_curve(roc_steps(kScores, healthy)).empty());
  EXPECT_TRUE(pr_curve(roc_steps(kScores, ill)).empty());
  EXPECT_TRUE(roc_curve({}).empty());
}

}  // namespace
}  // namespace ra

#include "ra/evaluation/detection.h"

#include <gtest/gtest.h>

namespace ra {
namespace {

ImageScore row(const std::string& set, double score) { return {set, "x.png", score, 0.0}; }

TEST(DetectionMetrics, ComparesEachSetWithTheUnionOfNormalSets) {
  const std::vector<ImageScore> scores = {row("Normal_a", 1), row("Normal_b", 2), row("mass", 3), row("mass", 4),
                                          row("edema", 0), row("edema", 1.5)};
  const auto metrics = detection_metrics(scores, 1);
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].set, "mass");
  EXPECT_EQ(metrics[0].healthy, 2u);
  EXPECT_DOUBLE_EQ(*metrics[0].auroc, 1.0);
  EXPECT_DOUBLE_EQ(*metrics[1].auroc, 0.25);
}

TEST(DetectionMetrics, LeavesTheAurocUndefinedWithoutHealthyImages) {
  const auto metrics = detection_metrics({row("mass", 1), row("mass", 2)}, 1);
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_FALSE(metrics[0].auroc.has_value());
  EXPECT_FALSE(metrics[0].average_precision.has_value());
}

}  // namespace
}  // namespace ra

#include "ra/metrics/roc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ra/base/error.h"
#include "ra/metrics/random_cases.h"

namespace ra {
namespace {

// The definition: pairs of an ill and a healthy case, ties counting half.
double auroc_by_pairs(const Cases& cases) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < cases.scores.size(); ++i) {
    for (std::size_t j = 0; j < cases.scores.size(); ++j) {
      if (cases.labels[i] != 1 || cases.labels[j] != 0) continue;
      won += cases.scores[i] > cases.scores[j] ? 1.0 : cases.scores[i] == cases.scores[j] ? 0.5 : 0.0;
      pairs += 1;
    }
  }
  return won / pairs;
}

TEST(Auroc, EqualsItsDefinitionByPairs) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Cases cases = random_cases(i, 2 + static_cast<int>(i) * 2, 0.8);
    EXPECT_NEAR(*auroc(cases.scores, cases.labels), auroc_by_pairs(cases), 1e-13);
  }
}

TEST(Auroc, IsBlindToOrderAndMonotoneMapsAndMirroredByNegation) {
  Cases cases = random_cases(3, 80, 1.0);
  const double expected = *auroc(cases.scores, cases.labels);
  Cases changed = cases;
  std::reverse(changed.scores.begin(), changed.scores.end());
  std::reverse(changed.labels.begin(), changed.labels.end());
  EXPECT_EQ(*auroc(changed.scores, changed.labels), expected);
  for (double& score : changed.scores) score = std::exp(score) + 3.0;
  EXPECT_EQ(*auroc(changed.scores, changed.labels), expected);
  EXPECT_EQ(*average_precision(changed.scores, changed.labels), *average_precision(cases.scores, cases.labels));
  for (double& score : cases.scores) score = -score;
  EXPECT_NEAR(*auroc(cases.scores, cases.labels), 1.0 - expected, 1e-13);
}

TEST(Auroc, IsUndefinedWithOneClass) {
  const std::vector<double> scores{0.1, 0.2};
  const std::vector<std::uint8_t> healthy{0, 0}, ill{1, 1};
  EXPECT_EQ(auroc(scores, healthy), std::nullopt);
  EXPECT_EQ(auroc(scores, ill), std::nullopt);
  EXPECT_EQ(average_precision(scores, healthy), std::nullopt);
  EXPECT_EQ(average_precision(scores, ill), 1.0);
  EXPECT_EQ(fpr_at_tpr(scores, healthy), std::nullopt);
  EXPECT_EQ(auroc({}, {}), std::nullopt);
}

TEST(Auroc, RefusesNotANumberAndBadLabels) {
  const std::vector<double> scores{0.1, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<double> fine{0.1, 0.2};
  const std::vector<std::uint8_t> labels{0, 1}, strange{0, 2}, shorter{0};
  EXPECT_THROW(auroc(scores, labels), Error);
  EXPECT_THROW(average_precision(scores, labels), Error);
  EXPECT_THROW(fpr_at_tpr(scores, labels), Error);
  EXPECT_THROW(auroc(fine, strange), Error);
  EXPECT_THROW(auroc(fine, shorter), Error);
}

TEST(AveragePrecision, CountsTiesAsOneStep) {
  const std::vector<double> equal(10, 0.5);
  std::vector<std::uint8_t> labels(10, 0);
  labels[0] = labels[4] = labels[9] = 1;
  EXPECT_NEAR(*average_precision(equal, labels), 0.3, 1e-15);
}

TEST(FprAtTpr, DropsCollinearPointsAsScikitLearn) {
  // Two steps of (2 healthy, 2 ill) around a true positive rate of 0.95: the first is left out.
  Cases cases;
  const auto add = [&](double score, int label, int count) {
    for (int i = 0; i < count; ++i) {
      cases.scores.push_back(score);
      cases.labels.push_back(static_cast<std::uint8_t>(label));
    }
  };
  add(5, 1, 36), add(4, 1, 2), add(4, 0, 2), add(3, 1, 2), add(3, 0, 2), add(2, 0, 40);
  EXPECT_NEAR(*fpr_at_tpr(cases.scores, cases.labels), 4.0 / 44.0, 1e-15);
}

TEST(FprAtTpr, IsZeroForPerfectAndOneForInvertedScores) {
  const std::vector<double> scores{0.1, 0.2, 0.8, 0.9};
  const std::vector<std::uint8_t> right{0, 0, 1, 1}, wrong{1, 1, 0, 0};
  EXPECT_EQ(fpr_at_tpr(scores, right), 0.0);
  EXPECT_EQ(fpr_at_tpr(scores, wrong), 1.0);
}

}  // namespace
}  // namespace ra

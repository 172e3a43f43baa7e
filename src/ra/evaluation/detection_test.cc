#include "ra/evaluation/detection.h"

#include <gtest/gtest.h>

#include "ra/evaluation/test_cases.h"

namespace ra {
namespace {

BootstrapOptions quick() {
  BootstrapOptions options;
  options.resamples = 200;
  return options;
}

TEST(Detection, ComparesEachSetWithTheUnionOfNormalSets) {
  EvaluationResults results;
  results.sets = {"Normal_a", "Normal_b", "mass", "edema"};
  results.methods = {"ra"};
  results.cases = {scored_case(0, false, 1), scored_case(1, false, 2), scored_case(2, true, 3),
                   scored_case(2, true, 4),  scored_case(3, true, 0),  scored_case(3, true, 1.5)};
  add_detection(results, quick());
  for (const char* mode : {"paper", "strict"}) {
    EXPECT_DOUBLE_EQ(*find_row(results, "mass", "", "auroc", mode)->value.value, 1.0);
    EXPECT_DOUBLE_EQ(*find_row(results, "edema", "", "auroc", mode)->value.value, 0.25);
  }
  EXPECT_EQ(find_row(results, "mass", "", "auroc", "paper")->n, (std::vector<std::size_t>{2, 2}));
  EXPECT_DOUBLE_EQ(*find_row(results, "mass", "", "auroc", "strict", "maximum")->value.value, 0.0);
  EXPECT_EQ(find_row(results, "Normal_a", "", "auroc", "paper"), nullptr);
}

TEST(Detection, CountsAHealthyImageOfSeveralSetsOnce) {
  EvaluationResults results;
  results.sets = {"Normal_a", "Normal_b", "mass"};
  results.methods = {"ra"};
  results.cases = {scored_case(0, false, 1), scored_case(0, false, 3), scored_case(1, false, 1),
                   scored_case(1, false, 0), scored_case(2, true, 2),  scored_case(2, true, 2.5)};
  results.cases[2].image = results.cases[0].image, results.cases[2].subject = results.cases[0].subject;
  results.cases[3].image = results.cases[0].image, results.cases[3].slice = 4;
  add_detection(results, quick());
  const EvaluatedMetric& row = *find_row(results, "mass", "", "auroc", "strict");
  EXPECT_EQ(row.n, (std::vector<std::size_t>{3, 2})) << "another slice is another image";
  EXPECT_DOUBLE_EQ(*row.value.value, 2.0 / 3.0);
  EXPECT_EQ(row.interval_kind, "95 %, DeLong") << "a copy makes no subject of several cases";
}

TEST(Detection, ControlsItselfWithShuffledLabels) {
  EvaluationResults results;
  results.sets = {"Normal", "mass"};
  results.methods = {"ra"};
  for (int k = 0; k < 200; ++k) results.cases.push_back(scored_case(k % 2, k % 2 == 1, k % 2 * 1000 + k));
  add_detection(results, quick());
  EXPECT_DOUBLE_EQ(*find_row(results, "mass", "", "auroc", "strict")->value.value, 1.0);
  EXPECT_NEAR(*find_row(results, "mass", "", "auroc_with_shuffled_labels", "strict")->value.value, 0.5, 0.15);
}

TEST(Detection, JudgesASetWithHealthyCasesWithinItselfToo) {
  EvaluationResults results;
  results.sets = {"Normal", "lgg"};
  results.methods = {"ra"};
  results.cases = {scored_case(0, false, 0), scored_case(0, false, 1), scored_case(1, false, 5),
                   scored_case(1, false, 6), scored_case(1, true, 3),  scored_case(1, true, 4)};
  add_detection(results, quick());
  EXPECT_DOUBLE_EQ(*find_row(results, "lgg", "", "auroc", "paper")->value.value, 1.0);
  EXPECT_DOUBLE_EQ(*find_row(results, "lgg", "within", "auroc", "paper")->value.value, 0.0);
}

TEST(Detection, SaysWhyAMetricIsUndefined) {
  EvaluationResults results;
  results.sets = {"mass"};
  results.methods = {"ra"};
  results.cases = {scored_case(0, true, 1), scored_case(0, true, 2)};
  add_detection(results, quick());
  for (const char* metric : {"auroc", "fpr_at_95_tpr"}) {
    for (const char* mode : {"paper", "strict"}) {
      EXPECT_FALSE(find_row(results, "mass", "", metric, mode)->value.value.has_value());
      EXPECT_FALSE(find_row(results, "mass", "", metric, mode)->reason.empty()) << metric << mode;
    }
  }
  EXPECT_FALSE(find_row(results, "mass", "", "average_precision", "strict")->value.value.has_value());
}

TEST(Detection, DrawsBySubjectWhereSubjectsHaveSeveralCases) {
  EvaluationResults results;
  results.sets = {"Normal", "mass"};
  results.methods = {"ra", "pca"};
  for (int k = 0; k < 10; ++k) {
    for (int slice = 0; slice < 2; ++slice) {
      results.cases.push_back(scored_case(0, false, k % 7, "h" + std::to_string(k)));
      results.cases.push_back(scored_case(1, true, 2 + k % 5, "p" + std::to_string(k)));
    }
  }
  for (CaseRecord& one : results.cases) one.scores.push_back({-one.scores[0].mean, 0.0});
  EvaluationResults again = results;
  add_detection(results, quick());
  add_detection(again, quick());
  const EvaluatedMetric& row = *find_row(results, "mass", "", "auroc", "strict");
  EXPECT_NE(row.interval_kind.find("by subject"), std::string::npos) << row.interval_kind;
  ASSERT_TRUE(row.interval.has_value());
  EXPECT_LE(row.interval->low, *row.value.value);
  EXPECT_EQ(row.interval->low, find_row(again, "mass", "", "auroc", "strict")->interval->low);
  const EvaluatedMetric& difference = *find_row(results, "mass", "", "auroc_minus_pca", "strict");
  EXPECT_GT(*difference.value.value, 0.0);
  EXPECT_TRUE(difference.p_value.has_value());
}

TEST(Detection, HasNoIntervalFromTheSlicesOfOneIllOrOneHealthySubject) {
  for (const bool one_is_ill : {true, false}) {
    EvaluationResults results;
    results.sets = {"Normal", "mass"};
    results.methods = {"ra"};
    for (int k = 0; k < 8; ++k) {
      results.cases.push_back(scored_case(one_is_ill ? 1 : 0, one_is_ill, 3 + k % 4, "p"));
      results.cases.push_back(scored_case(one_is_ill ? 0 : 1, !one_is_ill, k, "h" + std::to_string(k)));
    }
    add_detection(results, quick());
    const EvaluatedMetric& row = *find_row(results, "mass", "", "auroc", "strict");
    EXPECT_TRUE(row.value.value.has_value());
    EXPECT_FALSE(row.interval.has_value());
    EXPECT_NE(row.reason.find("only one independent"), std::string::npos) << row.reason;
  }
}

TEST(Detection, HasNoIntervalWhereSubjectsOfSeveralSlicesSeparatePerfectly) {
  EvaluationResults results;
  results.sets = {"Normal", "mass"};
  results.methods = {"ra", "pca"};
  for (int k = 0; k < 12; ++k) {
    results.cases.push_back(scored_case(k % 2, k % 2 == 1, k % 2 * 100 + k, std::to_string(k % 6)));
    results.cases.back().scores.push_back({k % 2 * 200.0 - k, 0.0});
  }
  add_detection(results, quick());
  const EvaluatedMetric& row = *find_row(results, "mass", "", "auroc", "strict");
  EXPECT_DOUBLE_EQ(*row.value.value, 1.0);
  EXPECT_FALSE(row.interval.has_value());
  EXPECT_EQ(row.reason, "all resamples are equal");
  const EvaluatedMetric& difference = *find_row(results, "mass", "", "auroc_minus_pca", "strict");
  EXPECT_DOUBLE_EQ(*difference.value.value, 0.0);
  EXPECT_FALSE(difference.interval.has_value());
  EXPECT_FALSE(difference.p_value.has_value());
  EXPECT_EQ(difference.reason, "all resamples are equal");
}

}  // namespace
}  // namespace ra

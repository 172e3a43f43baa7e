#include "ra/evaluation/bias.h"

#include <gtest/gtest.h>

#include "ra/evaluation/test_cases.h"

namespace ra {
namespace {

EvaluationResults of_two_sites(double shift) {
  EvaluationResults results;
  results.sets = {"Normal", "mass"};
  results.methods = {"ra"};
  for (int k = 0; k < 40; ++k) {
    results.cases.push_back(scored_case(k % 4 == 3 ? 1 : 0, k % 4 == 3, k % 10 + (k % 2 == 0 ? shift : 0.0)));
    results.cases.back().groups["site"] = k % 2 == 0 ? "A" : "B";
  }
  return results;
}

TEST(Bias, ReportsEveryGroupAndWarnsWhereTheyDiffer) {
  EvaluationResults results = of_two_sites(20.0);
  add_bias(results, {});
  for (const char* group : {"site=A", "site=B"}) {
    EXPECT_NE(find_row(results, "", group, "healthy_score_mean", "strict"), nullptr);
    EXPECT_TRUE(find_row(results, "", group, "false_positive_rate", "strict")->interval.has_value());
  }
  EXPECT_TRUE(find_row(results, "", "site=B", "auroc", "strict")->value.value.has_value());
  EXPECT_FALSE(find_row(results, "", "site=A", "auroc", "strict")->reason.empty()) << "a group without ill cases";
  ASSERT_EQ(results.warnings.size(), 2u);
  EXPECT_NE(results.warnings[0].find("site=A are higher"), std::string::npos) << results.warnings[0];
}

TEST(Bias, IsSilentWithoutGroupsOrDifferences) {
  EvaluationResults alike = of_two_sites(0.0);
  add_bias(alike, {});
  EXPECT_TRUE(alike.warnings.empty());
  EvaluationResults none = of_two_sites(20.0);
  for (CaseRecord& one : none.cases) one.groups.clear();
  add_bias(none, {});
  EXPECT_TRUE(none.metrics.empty());
}

TEST(Bias, PutsAgesIntoBands) {
  EXPECT_EQ(age_band("39.5"), "under 40");
  EXPECT_EQ(age_band("40"), "40 to 59");
  EXPECT_EQ(age_band("81"), "60 and over");
  EXPECT_EQ(age_band("unknown"), "unknown");
}

}  // namespace
}  // namespace ra

#include "ra/evaluation/localization.h"

#include <gtest/gtest.h>

#include "ra/evaluation/test_cases.h"

namespace ra {
namespace {

BoxRecord box(const char* label, BoxSize size, bool paper, bool strict) {
  BoxRecord record{label, {1, 1, 4, 4}, size, {}, strict ? 0.5 : 0.05, strict};
  record.paper.tp = record.paper.recall = paper ? 1 : 0;
  record.paper.precision = record.paper.f1 = record.paper.tp;
  return record;
}

TEST(Localization, CountsBoxesOfTheSetItsClassesAndSizes) {
  EvaluationResults results;
  results.sets = {"boxes"};
  results.methods = {"ra"};
  results.threshold = 0.1;
  for (int k = 0; k < 4; ++k) {
    results.cases.push_back(scored_case(0, true, 1));
    results.cases.back().boxes = {box("mass", BoxSize::kSmall, k < 3, k < 1),
                                  box("edema", BoxSize::kLarge, true, k < 2)};
  }
  add_localization(results, {});
  const EvaluatedMetric& all = *find_row(results, "boxes", "", "detection_rate", "paper");
  EXPECT_DOUBLE_EQ(*all.value.value, 7.0 / 8.0);
  EXPECT_EQ(all.n, (std::vector<std::size_t>{8}));
  EXPECT_EQ(all.interval_kind, "95 %, Wilson");
  EXPECT_DOUBLE_EQ(*find_row(results, "boxes", "class=mass", "detection_rate", "paper")->value.value, 0.75);
  EXPECT_DOUBLE_EQ(*find_row(results, "boxes", "size=large", "detection_rate", "paper")->value.value, 1.0);
  EXPECT_DOUBLE_EQ(*find_row(results, "boxes", "class=mass", "detection_rate", "strict")->value.value, 0.25);
  EXPECT_TRUE(find_row(results, "boxes", "size=large", "detection_rate", "paper")->interval.has_value());
}

TEST(Localization, SaysThatItNeedsAThreshold) {
  EvaluationResults results;
  results.sets = {"boxes"};
  results.methods = {"ra"};
  results.cases = {scored_case(0, true, 1)};
  add_localization(results, {});
  ASSERT_EQ(results.metrics.size(), 1u);
  EXPECT_NE(results.metrics[0].reason.find("--threshold"), std::string::npos);
}

TEST(Localization, HasNoStrictIntervalFromTheBoxesOfOneSubject) {
  EvaluationResults results;
  results.sets = {"one", "several"};
  results.methods = {"ra"};
  results.threshold = 0.1;
  for (int k = 0; k < 8; ++k) {
    results.cases.push_back(scored_case(0, true, 1, "s"));
    results.cases.back().boxes = {box("mass", BoxSize::kSmall, true, k % 2 == 0)};
    results.cases.push_back(scored_case(1, true, 1));
    results.cases.back().boxes = {box("mass", BoxSize::kSmall, true, true)};
  }
  add_localization(results, {});
  const EvaluatedMetric& one = *find_row(results, "one", "", "detection_rate", "strict");
  EXPECT_DOUBLE_EQ(*one.value.value, 0.5);
  EXPECT_FALSE(one.interval.has_value());
  EXPECT_EQ(one.reason, "only one independent case or subject");
  const EvaluatedMetric& several = *find_row(results, "several", "", "detection_rate", "strict");
  EXPECT_EQ(several.interval_kind, "95 %, Wilson") << "all are found, each of another subject";
}

}  // namespace
}  // namespace ra

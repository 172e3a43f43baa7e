#include "ra/report/training_figures.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ra/report/training_warnings.h"

namespace ra {
namespace {

TEST(TrainingFigure, LeavesOutNullsAndNonPositiveValuesOnALogarithmicAxis) {
  const std::vector<Json> rows = {Json::parse(R"({"epoch":1,"a":1.5,"b":null})"), Json::parse(R"({"epoch":2,"a":0})")};
  const auto figure = training_figure(rows, {"title", {"a", "b"}, "", true, 3.0, "level"});
  ASSERT_TRUE(figure.has_value());
  EXPECT_EQ(figure->spec["data"]["values"].size(), 1u);
  EXPECT_EQ(figure->spec["layer"][1]["data"]["values"][0]["level"], 3.0);
  EXPECT_FALSE(training_figure(rows, {"title", {"b"}, "", false, std::nullopt, ""}).has_value());
}

TEST(TrainingWarnings, NameTheKnownFailures) {
  const auto warnings_of = [](const char* row) { return training_warnings({Json::parse(row)}); };
  EXPECT_TRUE(
      warnings_of(
          R"({"epoch":9,"phase":"introspective","Train/Loss_REAL":300,"Train/Loss_DKLS":40,"Train/Loss_EXP_F":0.4})")
          .empty());
  const auto gap = warnings_of(R"({"epoch":9,"phase":"introspective","Train/Loss_REAL":300,"Train/Loss_DKLS":0.1})");
  ASSERT_EQ(gap.size(), 1u);
  EXPECT_NE(gap[0].find("Vanishing gap"), std::string::npos);
  const auto saturated =
      warnings_of(R"({"epoch":9,"phase":"introspective","Train/Loss_REAL":300,"Train/Loss_EXP_R":1e-9})");
  ASSERT_EQ(saturated.size(), 1u);
  EXPECT_NE(saturated[0].find("Saturated"), std::string::npos);
  const auto constant = warnings_of(R"({"epoch":9,"phase":"warmup","Train/Loss_REAL":300,"Val/own_share_mean":0.01})");
  ASSERT_EQ(constant.size(), 1u);
  EXPECT_NE(constant[0].find("Constant output"), std::string::npos);
  EXPECT_EQ(warnings_of(R"({"epoch":9,"phase":"introspective","Train/Loss_REAL":null})").size(), 1u);
  const auto white = warnings_of(
      R"({"epoch":9,"phase":"warmup","Train/Loss_REAL":300,"Val/contrast_share":0.001,"Val/output_level":0.99})");
  ASSERT_EQ(white.size(), 1u);
  EXPECT_NE(white[0].find("one white area"), std::string::npos);
}

TEST(TrainingFigures, ShowTheUseOfTheLatentVectorFromTheMostUsedDimension) {
  const std::vector<Json> rows = {Json::parse(R"({"epoch":1,"Val/kl_per_latent":"9 9 9"})"),
                                  Json::parse(R"({"epoch":2,"Val/kl_per_latent":"0.5 2 0"})")};
  const std::vector<Figure> figures = training_figures(rows);
  const auto usage = std::find_if(figures.begin(), figures.end(),
                                  [](const Figure& figure) { return figure.title == "Use of the latent vector"; });
  ASSERT_NE(usage, figures.end());
  const Json& values = usage->spec["data"]["values"];
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[0]["kl"], 2.0);
  EXPECT_EQ(values[2]["kl"], 0.0);
}

}  // namespace
}  // namespace ra

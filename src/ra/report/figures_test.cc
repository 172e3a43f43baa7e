#include "ra/report/figures.h"

#include <gtest/gtest.h>

namespace ra {
namespace {

EvaluationFiles with_curves() {
  EvaluationFiles files;
  files.results = Json::parse(R"({"metrics":[
    {"protocol":"detection","set":"mass","group":"","method":"ra","score":"mean","metric":"auroc","mode":"paper","value":0.8,"n":[3,1]},
    {"protocol":"detection","set":"mass","group":"","method":"ra","score":"mean","metric":"auroc","mode":"strict","value":0.7,"low":0.6,"high":0.8,"n":[3,1]}],
    "curves":[{"kind":"roc","set":"mass","method":"ra","points":[[0,0],[0.5,1],[1,1]]},
              {"kind":"pr","set":"mass","method":"pca","points":[[0,1],["x",1],[1,0.25]]}],"thresholds":[]})");
  return files;
}

CsvTable table_of(const char* text) {
  std::vector<std::string> problems;
  return parse_csv(text, "table", problems);
}

TEST(CurveFigures, HoldEveryPointOnceAndTheStrictNumber) {
  const std::vector<Figure> figures = curve_figures(with_curves(), "roc");
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].spec["data"]["values"].size(), 3u);
  EXPECT_EQ(figures[0].spec["data"]["values"][1]["y"], 1);
  EXPECT_EQ(figures[0].caption,
            "AUROC: RA 0.700 (0.600\xE2\x80\x93"
            "0.800)");
  EXPECT_TRUE(curve_figures(with_curves(), "froc").empty());
}

TEST(CurveFigures, LeaveOutPointsThatAreNoNumbersAndDrawThePrevalence) {
  const Json spec = curve_figures(with_curves(), "pr").at(0).spec;
  EXPECT_EQ(spec["data"]["values"].size(), 2u);
  EXPECT_EQ(spec["layer"][0]["data"]["values"][0]["y"], 0.25);
}

TEST(CurveFigures, ShowOnlyMethodsThatAreThere) {
  const Json spec = curve_figures(with_curves(), "pr").at(0).spec;
  EXPECT_EQ(spec["layer"][1]["encoding"]["color"]["scale"]["domain"], Json::parse(R"(["PCA"])"));
}

TEST(DistributionFigure, TakesFiniteValuesAndNamesLabels) {
  const CsvTable table = table_of("case,set,label,score\n0,Normal,0,0.5\n1,mass,1,0.75\n2,mass,1,nan\n3,mass,1,\n");
  const auto figure = distribution_figure(table, "score", "set", "label");
  ASSERT_TRUE(figure.has_value());
  const Json& values = figure->spec["data"]["values"];
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[1]["colour"], "pathological");
  EXPECT_EQ(values[1]["category"], "mass");
  EXPECT_FALSE(distribution_figure(table, "dice", "set", "label").has_value());
}

TEST(LatentFigure, JoinsCasesToTheirSets) {
  EvaluationFiles files = with_curves();
  files.cases = table_of("case,set\n7,mass\n");
  files.latents_pca = table_of("case,kind,x,y\n7,input,1,2\n8,reconstruction,3,4\n");
  const Json values = latent_figure(files)->spec["data"]["values"];
  EXPECT_EQ(values[0]["set"], "mass");
  EXPECT_EQ(values[1]["set"], "unknown");
}

TEST(CsvTable, ReadsQuotesAndNamesTornRows) {
  std::vector<std::string> problems;
  const CsvTable table = parse_csv("a,b\r\n\"x,\"\"y\"\"\n\",2\n1", "t.csv", problems);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.text(0, "a"), "x,\"y\"\n");
  EXPECT_EQ(table.number(0, "b"), 2.0);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("t.csv"), std::string::npos);
}

}  // namespace
}  // namespace ra

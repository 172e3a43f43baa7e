#include "ra/report/run_differences.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ra/base/atomic_file.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

// Ten healthy cases and ten with one box each; `score(k)` of case k, boxes from number `first_found` on are found.
class RunDifferences : public ::testing::Test {
 protected:
  template <class Score>
  RunFiles run(const std::string& name, Score score, int first_found, int cases_of_subject = 1) const {
    std::string cases = "case,set,image,subject,label,class,score,mae\n";
    std::string boxes = "case,set,class,box,size,tp,fp,precision,f1,strict_iou,strict_hit\n";
    for (int k = 0; k < 20; ++k) {
      const bool ill = k >= 10;
      cases += fmt::format("{},{},i{}.png,s{},{},,{},{}\n", k, ill ? "mass" : "Normal", k, k / cases_of_subject,
                           ill ? 1 : 0, score(k), 0.01 * score(k));
      const int found = k - 10 >= first_found ? 1 : 0;
      if (ill) boxes += fmt::format("{},mass,mass,1 1 4 4,small,{},0,0,0,0.5,{}\n", k, found, found);
    }
    const auto folder = folder_.path() / name;
    std::filesystem::create_directories(folder);
    write_file(folder / "cases.csv", cases);
    write_file(folder / "boxes.csv", boxes);
    write_file(folder / "results.json", std::string_view("{}"));
    return read_run_files(folder);
  }
  static double first_score(int k) { return (k * 7) % 20; }
  static double second_score(int k) { return k + (k * 5) % 7; }

  static const RunDifference& find(const std::vector<RunDifference>& all, const std::string& set,
                                   const std::string& metric) {
    for (const RunDifference& one : all) {
      if (one.set == set && one.metric == metric) return one;
    }
    throw std::out_of_range(set + " " + metric);
  }
  testing::TemporaryFolder folder_;
};

TEST_F(RunDifferences, AreZeroButNotCertainForEqualRuns) {
  const auto all = run_differences({run("a", first_score, 3), run("b", first_score, 3)});
  for (const RunDifference& one : all) {
    EXPECT_EQ(one.difference.difference.value, 0.0) << one.metric;
    EXPECT_FALSE(one.difference.interval.has_value()) << one.metric;
    EXPECT_FALSE(one.difference.p_value.has_value()) << one.metric;
    EXPECT_FALSE(one.difference.reason.empty()) << one.metric;
    EXPECT_EQ(one.unit, "subjects");
  }
  EXPECT_EQ(all.size(), 6u) << "AUROC, average precision, two rates and a mean of mass, a mean of Normal";
}

TEST_F(RunDifferences, TestAreasByDelongWhereEveryCaseIsAnotherPerson) {
  const auto all = run_differences({run("a", first_score, 3), run("b", second_score, 3)});
  const RunDifference& area = find(all, "mass", "auroc");
  std::vector<double> first, second;
  std::vector<std::uint8_t> labels;
  for (int k = 0; k < 20; ++k) {
    first.push_back(first_score(k)), second.push_back(second_score(k)), labels.push_back(k >= 10 ? 1 : 0);
  }
  const Difference wanted = delong_difference(second, first, labels);
  EXPECT_EQ(area.test, "DeLong");
  EXPECT_EQ(area.score, "mean");
  EXPECT_DOUBLE_EQ(*area.difference.difference.value, *wanted.difference.value);
  EXPECT_DOUBLE_EQ(*area.difference.p_value, *wanted.p_value);
  EXPECT_LT(*area.difference.p_value, 0.05);
  EXPECT_EQ(find(all, "mass", "average_precision").test, "paired bootstrap");
}

TEST_F(RunDifferences, KeepTheCasesOfAPersonTogether) {
  const auto all = run_differences({run("a", first_score, 3, 2), run("b", second_score, 3, 2)});
  EXPECT_EQ(find(all, "mass", "auroc").test, "paired bootstrap");
  EXPECT_TRUE(find(all, "mass", "auroc").difference.p_value.has_value());
  EXPECT_EQ(find(all, "mass", "detection_rate_paper").test, "paired bootstrap, sign flips");
}

TEST_F(RunDifferences, RankAHealthyImageOfSeveralSetsOnce) {
  const RunFiles plain = run("a", first_score, 3), other = run("b", second_score, 3);
  const auto with_copies = [](RunFiles files) {
    files.evaluations.front().cases.rows.push_back({"100", "Normal_b", "i0.png", "s0", "0", "", "99", "0"});
    return files;
  };
  const Difference once = find(run_differences({plain, other}), "mass", "auroc").difference;
  const auto all = run_differences({with_copies(plain), with_copies(other)});
  EXPECT_EQ(find(all, "mass", "auroc").cases, 20u);
  EXPECT_EQ(find(all, "mass", "auroc").difference.difference.value, once.difference.value);
}

TEST_F(RunDifferences, SayNothingWhereBothRunsSeparatePerfectly) {
  const auto squared = [](int k) { return static_cast<double>(k * k); };
  const auto plain = [](int k) { return static_cast<double>(k); };
  for (const int cases_of_subject : {1, 2}) {
    const auto all = run_differences({run("a", plain, 3, cases_of_subject), run("b", squared, 3, cases_of_subject)});
    for (const char* metric : {"auroc", "average_precision"}) {
      const Difference& one = find(all, "mass", metric).difference;
      EXPECT_EQ(one.difference.value, 0.0) << metric;
      EXPECT_FALSE(one.interval.has_value()) << metric;
      EXPECT_FALSE(one.p_value.has_value()) << metric;
      EXPECT_FALSE(one.reason.empty()) << metric;
    }
  }
}

TEST_F(RunDifferences, TestFoundBoxesByMcNemar) {
  const auto all = run_differences({run("a", first_score, 8), run("b", first_score, 0)});
  const RunDifference& rate = find(all, "mass", "detection_rate_paper");
  EXPECT_EQ(rate.test, "paired bootstrap, McNemar");
  EXPECT_EQ(rate.cases, 10u);
  EXPECT_DOUBLE_EQ(*rate.difference.difference.value, 0.8);
  EXPECT_DOUBLE_EQ(*rate.difference.p_value, 2.0 / 256.0) << "eight boxes that the second alone finds";
  EXPECT_DOUBLE_EQ(*find(all, "mass", "detection_rate_strict").difference.p_value, 2.0 / 256.0);
}

TEST_F(RunDifferences, TestMeansBySignFlips) {
  const auto all = run_differences({run("a", first_score, 3), run("b", [](int k) { return first_score(k) + 1.0; }, 3)});
  const RunDifference& mean = find(all, "Normal", "mae");
  EXPECT_NEAR(*mean.difference.difference.value, 0.01, 1e-12);
  EXPECT_DOUBLE_EQ(*mean.difference.p_value, 2.0 / 1024.0) << "all of ten signs are equal, exactly";
}

TEST_F(RunDifferences, AreWrittenWithTheirTest) {
  const auto all = run_differences({run("a", first_score, 8), run("b", second_score, 0)});
  const std::string table = differences_csv(all);
  EXPECT_NE(table.find("b,a,mass,auroc,mean,"), std::string::npos) << table;
  EXPECT_NE(table.find(",DeLong,20,subjects,"), std::string::npos) << table;
  const Json json = differences_json(all);
  ASSERT_EQ(json.size(), all.size());
  EXPECT_EQ(json[0]["n"], all[0].cases);
  EXPECT_TRUE(json[0].contains("p_value"));
}

}  // namespace
}  // namespace ra

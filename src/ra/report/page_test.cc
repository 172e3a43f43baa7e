#include "ra/report/page.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "ra/base/atomic_file.h"
#include "ra/report/page_comparison.h"
#include "ra/report/page_html.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

constexpr const char* kCases =
    "case,set,image,subject,label,class,score,mae\n"
    "0,Normal,a.png,s1,0,,0.1,0.01\n"
    "1,Normal,b.png,s2,0,,0.2,0.02\n"
    "2,mass,c.png,s3,1,mass,0.3,0.03\n"
    "3,mass,d.png,s4,1,mass,0.4,0.04\n";

constexpr const char* kResults =
    R"({"training_subjects":"known","overlap_allowed":false,"warnings":[],"metrics":[)"
    R"({"protocol":"detection","set":"mass","group":"","method":"ra","score":"mean","metric":"auroc","mode":"strict",)"
    R"("value":0.75,"low":0.5,"high":0.9,"interval":"95 %","n":[2,2],"reason":""}],"curves":[)"
    R"({"kind":"roc","set":"mass","method":"ra","points":[[0,0],[0,1],[1,1]]}]})";

void write_evaluation(const fs::path& folder, const std::string& cases = kCases,
                      const std::string& results = kResults) {
  fs::create_directories(folder);
  write_file(folder / "cases.csv", cases);
  write_file(folder / "results.json", results);
}

// The page of a folder.
std::string page_of(const fs::path& folder, ReportSummary* summary = nullptr) {
  const ReportSummary made = write_report({{folder}, folder / "report.html", false, "ra test"});
  if (summary != nullptr) *summary = made;
  return read_text_file(folder / "report.html");
}

// The page without the libraries that every page carries.
std::string own_part(const std::string& page) {
  return page.substr(page.find("<header>"), page.find("<script type=\"module\">") - page.find("<header>"));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ReportNumbers, KeepADashApartFromAMinusSign) {
  EXPECT_EQ(readable(0.5, 0.25, 0.75),
            "0.500 (0.250\xE2\x80\x93"
            "0.750)");
  EXPECT_EQ(readable(-0.5, -0.75, -0.25), "-0.500 (-0.750 to -0.250)");
}

TEST(ReportPage, EscapesTextFromData) {
  EXPECT_EQ(escaped("<a href='x'>&\"\x01"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\xEF\xBF\xBD");
  EXPECT_FALSE(contains(script_json(R"({"a":"</script><!--"})"), "<"));
  EXPECT_EQ(nlohmann::json::parse(script_json(R"({"a":"</script>"})"))["a"], "</script>");
}

TEST(ReportPage, ShowsNoMarkupFromData) {
  const TemporaryFolder folder;
  const std::string name = "<script>alert(1)</script>";
  std::string cases = kCases, results = kResults;
  for (std::size_t at; (at = cases.find("mass")) != std::string::npos;) cases.replace(at, 4, name);
  for (std::size_t at; (at = results.find("mass")) != std::string::npos;) results.replace(at, 4, name);
  write_evaluation(folder.path(), cases, results);
  const std::string page = own_part(page_of(folder.path()));
  EXPECT_FALSE(contains(page, "<script>alert"));
  EXPECT_TRUE(contains(page, "&lt;script&gt;alert"));
}

TEST(ReportPage, LetsOnlyItsOwnScriptsRun) {
  const TemporaryFolder folder;
  write_evaluation(folder.path());
  const std::string page = page_of(folder.path());
  const std::size_t at = page.find("Content-Security-Policy");
  ASSERT_NE(at, std::string::npos);
  const std::string policy = page.substr(at, page.find('>', at) - at);
  EXPECT_TRUE(contains(policy, "default-src 'none'"));
  EXPECT_TRUE(contains(policy, "script-src 'sha256-"));
  EXPECT_FALSE(contains(policy, "unsafe-eval"));
  EXPECT_FALSE(contains(policy, "http"));
}

TEST(ReportPage, HashesScriptsAsThePolicyAsks) {
  // The example of the recommendation "Content Security Policy Level 3".
  EXPECT_EQ(script_hash_source("doSomething();"), "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='");
}

TEST(ReportPage, LeavesOutSectionsWithoutFiles) {
  const TemporaryFolder folder;
  write_evaluation(folder.path());
  const std::string page = own_part(page_of(folder.path()));
  for (const char* there : {"r0e0-headline", "r0e0-roc", "r0e0-scores", "0.750 (0.500"}) {
    EXPECT_TRUE(contains(page, there)) << there;
  }
  for (const char* missing :
       {"r0e0-pr", "r0e0-latent", "r0e0-gallery", "r0e0-boxes", "r0-training", "Read this first"}) {
    EXPECT_FALSE(contains(page, missing)) << missing;
  }
}

TEST(ReportPage, WritesResultsAndTablesBesideIt) {
  const TemporaryFolder folder;
  write_evaluation(folder.path());
  page_of(folder.path());
  const fs::path files = folder.path() / "report_files";
  const auto results = nlohmann::json::parse(read_text_file(files / "results.json"));
  EXPECT_EQ(results["runs"][0]["evaluations"][0]["results"]["metrics"][0]["value"], 0.75);
  EXPECT_TRUE(
      contains(read_text_file(files / "metrics.csv"), ",detection,mass,,ra,mean,auroc,strict,0.75,0.5,0.9,95 %,2/2,"));
  EXPECT_EQ(read_text_file(folder.path() / "results.json"), kResults);
}

TEST(ReportPage, NamesBrokenFilesAndShowsTheRest) {
  const TemporaryFolder folder;
  write_evaluation(folder.path(), std::string(kCases) + "4,mass,e.png,s5,1,mass,nan,0.1\n5,ma", "{\"metrics\":[");
  ReportSummary summary;
  const std::string page = own_part(page_of(folder.path(), &summary));
  ASSERT_EQ(summary.problems.size(), 3u);
  EXPECT_TRUE(contains(summary.problems[0], "half-written"));
  EXPECT_TRUE(contains(page, "Read this first"));
  EXPECT_TRUE(contains(page, "r0e0-scores"));
}

TEST(ReportPage, ReadsARunningTraining) {
  const TemporaryFolder folder;
  write_file(
      folder.path() / "metrics.jsonl",
      "{\"epoch\":0,\"phase\":\"yardsticks\",\"Val/squared_error_mean_picture\":200}\n"
      "{\"epoch\":1,\"phase\":\"warmup\",\"lr\":0.1,\"Train/Loss_REAL\":0.01,\"Val/squared_error_mean\":300}\n{\"epo");
  ReportSummary summary;
  const std::string page = own_part(page_of(folder.path(), &summary));
  EXPECT_TRUE(summary.problems.empty());
  EXPECT_TRUE(contains(page, "Posterior collapse"));
  EXPECT_TRUE(contains(page, "Worse than the mean picture"));
}

TEST(ReportPage, ShowsAtItsTopWhatAScreeningKnowsOfThePeopleBehindTheModel) {
  const TemporaryFolder folder;
  write_file(folder.path() / "scores.csv", "input,slice,score,name\na.png,,0.1,a\n");
  write_file(folder.path() / "screening.json",
             R"({"training_subjects":"unknown","overlap_allowed":true,"warnings":["trained on nobody knows whom"]})");
  const std::string page = own_part(page_of(folder.path()));
  const std::size_t first = page.find("Read this first"), section = page.find("<section");
  ASSERT_NE(first, std::string::npos);
  EXPECT_LT(first, section);
  EXPECT_TRUE(contains(page, "trained on nobody knows whom"));
  EXPECT_TRUE(contains(page, "Subjects may overlap"));
}

TEST(ReportPage, SaysWhatItExpectsOfAFolder) {
  const TemporaryFolder folder;
  testing::expect_error(ErrorCode::kUsage,
                        {"nothing that a report shows", "results.json", "metrics.jsonl", "scores.csv"},
                        [&] { page_of(folder.path()); });
  testing::expect_error(ErrorCode::kUsage, {"is not a folder"}, [&] { page_of(folder.path() / "missing"); });
}

TEST(ReportPage, ReplacesOnlyReports) {
  const TemporaryFolder folder;
  write_evaluation(folder.path());
  page_of(folder.path());
  EXPECT_NO_THROW(page_of(folder.path()));
  write_file(folder.path() / "report.html", "mine");
  testing::expect_error(ErrorCode::kUsage, {"--overwrite"}, [&] { page_of(folder.path()); });
}

TEST(ReportPage, TellsASetAgainstItsOwnHealthyCasesAndDifferencesApart) {
  const TemporaryFolder folder;
  write_evaluation(
      folder.path(), kCases,
      R"({"metrics":[)"
      R"({"protocol":"detection","set":"mass","group":"","method":"ra","score":"mean","metric":"auroc","value":0.75,"n":[2,2]},)"
      R"({"protocol":"detection","set":"mass","group":"within","method":"ra","score":"mean","metric":"auroc","value":0.625,"n":[1,2]},)"
      R"({"protocol":"detection","set":"mass","group":"","method":"ra","score":"mean","metric":"auroc_minus_pca","value":0.125,)"
      R"("low":-0.1,"high":0.3,"p_value":0.04,"n":[2,2]}],"curves":[]})");
  const std::string page = own_part(page_of(folder.path()));
  EXPECT_TRUE(contains(page, "mass (within)"));
  EXPECT_TRUE(contains(page, "0.625"));
  EXPECT_TRUE(contains(page, "Differences on the same cases"));
  EXPECT_TRUE(contains(page, "RA minus"));
  EXPECT_TRUE(contains(page, "0.040"));
  const std::size_t table = page.find("Detection: healthy against each set");
  EXPECT_FALSE(contains(page.substr(table, page.find("Differences on") - table), "auroc minus"));
}

}  // namespace
}  // namespace ra

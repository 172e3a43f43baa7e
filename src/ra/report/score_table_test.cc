#include "ra/report/score_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/data/csv_field.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

TEST(ScoreTable, QuotesWhatCsvMustQuote) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b\"c"), "\"a,b\"\"c\"");
}

TEST(ScoreTable, FindsInputsWithLineBreaksAgain) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "scores.csv";
  ScoreRow row;
  row.input = "a\nb.png";
  ScoreTable first(path, {});
  first.add(row);
  first.write();
  ScoreTable second(path, {});
  second.continue_existing({});
  EXPECT_TRUE(second.has("a\nb.png", std::nullopt));
  EXPECT_EQ(second.size(), 1u);
}

TEST(ScoreTable, FindsQuotedInputsAgain) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "scores.csv";
  ScoreRow row;
  row.input = "a,b.nii";
  row.slice = 4;
  ScoreTable first(path, {});
  first.add(row);
  first.write();
  ScoreTable second(path, {});
  second.continue_existing({});
  EXPECT_TRUE(second.has("a,b.nii", 4));
  EXPECT_FALSE(second.has("a,b.nii", 5));
  DetectorIdentity other;
  other.latent = "mean";
  EXPECT_THROW(ScoreTable(path, {}).continue_existing(other), Error);
  EXPECT_THROW(ScoreTable(path, {true, false, {}}).continue_existing({}), Error);
}

ScoreRow row_with(const std::string& input, double p_value) {
  ScoreRow row;
  row.input = input;
  row.p_value = p_value;
  return row;
}

TEST(ScoreTable, FlagsByTheRateOfEachSliceAlone) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "scores.csv";
  ScoreTable table(path, {false, false, FlagRule{0.05, false}});
  for (const double p : {0.01, 0.05, 0.051}) table.add(row_with(std::to_string(p), p));
  table.write();
  EXPECT_EQ(table.flagged(), 2u);
  const std::string text = read_text_file(path);
  EXPECT_NE(text.find(",p_value,flagged,fpr\n"), std::string::npos);
  EXPECT_NE(text.find(",0.05,1,0.05\n"), std::string::npos);
  EXPECT_NE(text.find(",0.051,0,0.05\n"), std::string::npos);
}

TEST(ScoreTable, DecidesFalseDiscoveriesOverEarlierRowsToo) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "scores.csv";
  const ScoreTable::Columns columns{false, false, FlagRule{0.05, true}};
  ScoreTable first(path, columns);
  first.add(row_with("a", 0.04));
  first.write();
  EXPECT_EQ(first.flagged(), 1u);
  ScoreTable second(path, columns);
  second.continue_existing({});
  EXPECT_TRUE(second.has("a", std::nullopt));
  second.add(row_with("b", 0.9));  // 0.04 * 2 exceeds the rate now
  second.write();
  EXPECT_EQ(second.flagged(), 0u);
  EXPECT_NE(read_text_file(path).find(",0.04,0,0.05\n"), std::string::npos);
}

}  // namespace
}  // namespace ra

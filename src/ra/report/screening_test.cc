#include "ra/report/screening.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/data/synthetic_brain.h"
#include "ra/io/npy.h"
#include "ra/io/write_image.h"
#include "ra/report/score_table.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

AnomalyDetector small_detector() {
  ModelOptions shape;
  shape.latent_size = 8;
  shape.channels = {4, 8, 8};
  shape.image_size = 32;
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(shape, 1);
  file.input.image_size = 32;
  return AnomalyDetector(std::move(file), "small.pt", {}, at::kCPU, 7);
}

fs::path write_brain(const fs::path& path, std::uint32_t index) {
  const SyntheticBrain brain = make_brain({}, 3, index);
  fs::create_directories(path.parent_path());
  write_png(path, brain.image, brain.columns, brain.rows);
  return path;
}

std::size_t lines_of(const fs::path& path) {
  const std::string text = read_text_file(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Screening, WritesARowAndAMapForEachInputAndGoesOnPastABadOne) {
  const testing::TemporaryFolder folder;
  const fs::path good = write_brain(folder.path() / "in" / "a.png", 0), bad = folder.path() / "in" / "bad.png";
  write_file(bad, std::string_view("no picture"));
  const fs::path other = write_brain(folder.path() / "in" / "b.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  const ScreeningSummary summary = screen(small_detector(), {good, bad, other}, options, {});
  EXPECT_EQ(summary.slices, 2u);
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_NE(summary.failures[0].reason.find("bad.png"), std::string::npos);
  EXPECT_EQ(lines_of(options.output / "scores.csv"), 3u);
  EXPECT_EQ(read_npy(options.output / "a_map.npy").shape, (std::vector<std::int64_t>{32, 32}));
  EXPECT_TRUE(fs::exists(options.output / "b_map.npy"));
}

TEST(Screening, KeepsEarlierResultsUnlessToldOtherwise) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "in" / "a.png", 0);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  screen(small_detector(), {first}, options, {});
  EXPECT_THROW(screen(small_detector(), {first}, options, {}), Error);
  options.skip_existing = true;
  const fs::path second = write_brain(folder.path() / "in" / "b.png", 1);
  const ScreeningSummary summary = screen(small_detector(), {first, second}, options, {});
  EXPECT_EQ(summary.skipped, 1u);
  EXPECT_EQ(summary.slices, 1u);
  EXPECT_EQ(lines_of(options.output / "scores.csv"), 3u);
}

TEST(Screening, GivesEqualStemsTheirRelativePath) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "in" / "p" / "a.png", 0);
  const fs::path second = write_brain(folder.path() / "in" / "q" / "a.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.outputs.choose("map,reconstruction,overlay");
  options.outputs.threshold = 0.0;
  screen(small_detector(), {first, second}, options, {});
  for (const char* name : {"p/a_map.npy", "q/a_map.npy", "p/a_reconstruction.npy", "p/a_overlay.png", "q/a_mask.npy"}) {
    EXPECT_TRUE(fs::exists(options.output / name)) << name;
  }
}

TEST(ScreeningOutputs, RefusesAnUnknownWord) {
  ScreeningOutputs outputs;
  EXPECT_THROW(outputs.choose("map,heat"), Error);
  outputs.choose("none");
  EXPECT_FALSE(outputs.map);
}

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
  first.finish();
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
  first.finish();
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
  table.finish();
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
  first.finish();
  EXPECT_EQ(first.flagged(), 1u);
  ScoreTable second(path, columns);
  second.continue_existing({});
  EXPECT_TRUE(second.has("a", std::nullopt));
  second.add(row_with("b", 0.9));  // 0.04 * 2 exceeds the rate now
  second.finish();
  EXPECT_EQ(second.flagged(), 0u);
  EXPECT_NE(read_text_file(path).find(",0.04,0,0.05\n"), std::string::npos);
}

}  // namespace
}  // namespace ra

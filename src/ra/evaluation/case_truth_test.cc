#include "ra/evaluation/case_truth.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

class CaseTruthTest : public ::testing::Test {
 protected:
  PlannedCase case_of(std::vector<ManifestRow> rows, bool pathological = true) const {
    return {0, 0, "s", pathological, std::move(rows)};
  }
  ManifestRow boxed(std::vector<Box> boxes) const {
    ManifestRow row;
    for (const Box& box : boxes) row.boxes.push_back({box, "mass"});
    return row;
  }
  std::filesystem::path mask(const char* name, std::int64_t columns, std::int64_t rows) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(columns * rows), 0);
    pixels[static_cast<std::size_t>(3 * columns + 2)] = 255;
    write_png(folder_.path() / name, pixels, columns, rows);
    return folder_.path() / name;
  }
  testing::TemporaryFolder folder_;
  SourceSlices files_;
};

TEST_F(CaseTruthTest, DrawsBoxesWhereTheImageIsPadded) {
  // 16 columns, 8 rows: the square has 4 rows above.
  const CaseTruth truth = read_truth(case_of({boxed({{2, 1, 4, 3}})}), "x.png", {16, 8, 1}, 16, files_);
  ASSERT_EQ(truth.boxes.size(), 1u);
  at::Tensor wanted = at::zeros({16, 16});
  wanted.slice(0, 5, 8).slice(1, 2, 6).fill_(1.0);
  EXPECT_TRUE(truth.boxes[0].inside.equal(wanted));
  EXPECT_TRUE(truth.mask.equal(wanted));
  EXPECT_TRUE(truth.boxes[0].outside.equal(1.0 - wanted));
}

TEST_F(CaseTruthTest, ReportsBoxesWithoutAreaOrOutside) {
  const CaseTruth truth = read_truth(case_of({boxed({{1, 1, 0, 4}, {16, 0, 2, 2}, {14, 14, 4, 4}, {1, 1, 2, 2}})}),
                                     "x.png", {16, 16, 1}, 16, files_);
  ASSERT_EQ(truth.warnings.size(), 3u);
  EXPECT_NE(truth.warnings[0].find("no area"), std::string::npos);
  EXPECT_NE(truth.warnings[1].find("outside the image"), std::string::npos);
  EXPECT_NE(truth.warnings[2].find("partly"), std::string::npos);
  EXPECT_EQ(truth.boxes[1].inside.sum().item<double>(), 0.0);
  EXPECT_EQ(truth.boxes[2].inside.sum().item<double>(), 4.0);
}

TEST_F(CaseTruthTest, NamesBothFilesWhenAMaskHasAnotherSize) {
  ManifestRow row;
  row.mask = mask("m.png", 8, 8);
  testing::expect_error(ErrorCode::kBadInput, {"m.png", "8x8", "x.png", "16x8"},
                        [&] { read_truth(case_of({row}), "x.png", {16, 8, 1}, 16, files_); });
  const CaseTruth truth = read_truth(case_of({row}), "x.png", {8, 8, 1}, 8, files_);
  ASSERT_EQ(truth.boxes.size(), 1u);
  EXPECT_EQ(truth.boxes[0].box.x, 2);
  EXPECT_EQ(truth.boxes[0].box.y, 3);
}

TEST_F(CaseTruthTest, KnowsTheTruthOfHealthyImagesAndNotOfUnmarkedOnes) {
  EXPECT_TRUE(read_truth(case_of({ManifestRow{}}, false), "x.png", {8, 8, 1}, 8, files_).known);
  EXPECT_FALSE(read_truth(case_of({ManifestRow{}}, true), "x.png", {8, 8, 1}, 8, files_).known);
}

TEST_F(CaseTruthTest, WarnsOfAHealthyImageWithMarks) {
  ManifestRow marked, empty;
  marked.mask = mask("m.png", 16, 16);
  empty.mask = folder_.path() / "zeros.png";
  write_png(empty.mask, std::vector<std::uint8_t>(256, 0), 16, 16);
  const auto warnings = [&](const ManifestRow& row, bool pathological) {
    return read_truth(case_of({row}, pathological), "x.png", {16, 16, 1}, 16, files_).warnings;
  };
  ASSERT_EQ(warnings(marked, false).size(), 1u);
  EXPECT_NE(warnings(marked, false)[0].find("x.png"), std::string::npos);
  EXPECT_EQ(warnings(boxed({{1, 1, 2, 2}}), false).size(), 1u);
  EXPECT_TRUE(warnings(marked, true).empty());
  EXPECT_TRUE(warnings(empty, false).empty());
}

TEST_F(CaseTruthTest, DoesNotKnowTheTruthOfAnIllImageWithUnusableBoxesAlone) {
  const Box without_area{1, 1, 0, 4}, outside{16, 0, 2, 2}, usable{1, 1, 2, 2};
  const auto known = [&](std::vector<ManifestRow> rows, bool pathological) {
    return read_truth(case_of(std::move(rows), pathological), "x.png", {16, 16, 1}, 16, files_).known;
  };
  EXPECT_FALSE(known({boxed({without_area, outside})}, true));
  EXPECT_TRUE(known({boxed({without_area, usable})}, true));
  EXPECT_TRUE(known({boxed({without_area})}, false));
  ManifestRow masked;
  masked.mask = mask("m.png", 16, 16);
  EXPECT_TRUE(known({masked, boxed({outside})}, true));
}

}  // namespace
}  // namespace ra

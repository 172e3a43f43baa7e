#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/io/read_image.h"
#include "ra/testing/program_test.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/small_model.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Lesions in synthetic brains, which the program takes for real ones.
class SynthesizeInto : public ProgramTest {
 protected:
  void SetUp() override {
    const ProgramResult made =
        ra({"synthesize", "--output", "brains", "--count", "4", "--seed", "2", "--threads", "1"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  ProgramResult into(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"synthesize", "--output", "out", "--lesions", "--threads", "1", "--into"};
    words.insert(words.end(), more.begin(), more.end());
    return ra(words);
  }
  std::vector<std::string> lines(const std::string& name) const {
    std::istringstream text(read_text_file(path(name)));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(SynthesizeInto, WritesManifestsThatEvaluateTakes) {
  const ProgramResult result = into({"brains/images", "--variants", "2", "--kinds", "mass,haemorrhage", "--seed", "5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("8 lesions put into 4 slices"), HasSubstr("lesions.csv"), HasSubstr("licence")));
  EXPECT_EQ(lines("out/healthy.csv").size(), 5u);
  EXPECT_THAT(lines("out/healthy.csv")[1], StartsWith("../brains/images/brain_00000.png,"));
  ASSERT_EQ(lines("out/lesions.csv").size(), 9u);
  EXPECT_EQ(lines("out/lesions.csv")[0], "image,subject,label,class,mask,outside_mask,box");
  EXPECT_THAT(lines("out/lesions.csv")[1], StartsWith("images/brain_00000_mass.png,"));
  EXPECT_THAT(read_text_file(path("out/about.txt")), HasSubstr("licence"));
  write_small_model(path("model.pt"));
  const ProgramResult evaluated =
      ra({"evaluate", "--model", "model.pt", "--manifest", "Normal=out/healthy.csv", "--manifest",
          "lesions=out/lesions.csv", "--output", "evaluated", "--resamples", "50"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
}

TEST_F(SynthesizeInto, IsTheSameForTheSameSeed) {
  ASSERT_EQ(into({"brains/images", "--seed", "7", "--quiet"}).exit_code, 0);
  const auto first = read_file(path("out/lesions.csv"));
  const auto picture = read_file(path("out/images/brain_00000_mass.png"));
  const ProgramResult again = into({"brains/images", "--seed", "7"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  ASSERT_EQ(into({"brains/images", "--seed", "7", "--overwrite"}).exit_code, 0);
  EXPECT_EQ(read_file(path("out/lesions.csv")), first);
  EXPECT_EQ(read_file(path("out/images/brain_00000_mass.png")), picture);
  ASSERT_EQ(into({"brains/images", "--seed", "8", "--overwrite"}).exit_code, 0);
  EXPECT_NE(read_file(path("out/images/brain_00000_mass.png")), picture);
}

TEST_F(SynthesizeInto, NamesBrokenImagesAndGoesOn) {
  write_file(path("brains/images/brain_00002.png"), "no picture");
  const ProgramResult result = into({"brains/images"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("brain_00002.png"));
  EXPECT_THAT(result.out, HasSubstr("3 lesions put into 3 slices"));
  EXPECT_EQ(lines("out/lesions.csv").size(), 4u);
}

TEST_F(SynthesizeInto, EndsWith2ForOptionsThatDoNotGoTogether) {
  EXPECT_THAT(ra({"synthesize", "--output", "out", "--into", "brains/images"}).err, HasSubstr("--lesions"));
  EXPECT_THAT(into({"brains/images", "--count", "3"}).err, HasSubstr("--variants"));
  EXPECT_THAT(into({"brains/images", "--kinds", "haemorhage"}).err, HasSubstr("haemorrhage"));
  EXPECT_THAT(into({"nowhere.png"}).err, HasSubstr("nowhere.png"));
  EXPECT_THAT(ra({"synthesize", "--output", "out"}).err, HasSubstr("--count"));
  const ProgramResult alone = ra({"synthesize", "--output", "out", "--count", "3", "--variants", "2"});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.err, HasSubstr("--into"));
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(SynthesizeInto, KeepsRealSlicesApartFromTheirLesions) {
  RA_SHARED_OR_SKIP(slices, "data/ixi_mid_axial");
  RA_SHARED_OR_SKIP(volumes, "data/ixi_volumes_2mm");
  const ProgramResult result =
      into({(slices / "sub-IXI0[1-2]?_*.png").string(), (volumes / "IXI072*").string(), "--slices", "68:74"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = lines("out/lesions.csv");
  ASSERT_GT(rows.size(), 10u);
  for (std::size_t k = 1; k < rows.size(); ++k) {
    EXPECT_THAT(rows[k], HasSubstr("sub-IXI0"));
    const Image image = read_image(path("out") / rows[k].substr(0, rows[k].find(',')));
    const bool of_volume = rows[k].find(".nii.gz") != std::string::npos;
    EXPECT_EQ(image.columns, of_volume ? 90 : 197) << rows[k];
    EXPECT_EQ(image.world_from_voxel.has_value(), of_volume) << rows[k];
  }
}

}  // namespace
}  // namespace ra::testing

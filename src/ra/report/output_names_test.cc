#include "ra/report/output_names.h"

#include <gmock/gmock.h>

#include "ra/io/write_image.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& inputs) { return output_names(inputs); }

TEST(ImageStem, DropsImageEndingsOnly) {
  EXPECT_EQ(image_stem("x/a.nii.gz"), "a");
  EXPECT_EQ(image_stem("b.c.PNG"), "b.c");
  EXPECT_EQ(image_stem("scan_001"), "scan_001");
}

TEST(OutputNames, AreStemsWhereTheseDiffer) { EXPECT_THAT(names_of({"a/x.png", "b/y.nii"}), ElementsAre("x", "y")); }

TEST(OutputNames, DifferWhereAFileNameIsTheStemOfAnother) {
  EXPECT_THAT(names_of({"d/x.png", "d/x.jpg", "d/x.png.png"}), ElementsAre("x.png", "x.jpg", "x.png.png"));
}

TEST(OutputNames, UseTheRelativePathWhereStemsAreEqual) {
  EXPECT_THAT(names_of({"d/a/x.png", "d/b/x.png", "d/b/y.png"}), ElementsAre("a/x", "b/x", "y"));
}

TEST(OutputNames, KeepTheEndingWhereOnlyItDiffers) {
  EXPECT_THAT(names_of({"a/x.png", "a/x.jpg"}), ElementsAre("x.png", "x.jpg"));
}

TEST(OutputNames, AreNoneOfASliceOfAVolume) {
  EXPECT_THAT(names_of({"d/v.npy", "d/v_s2.png", "d/v_s2_s1.nii"}), ElementsAre("v", "v_s2.png", "v_s2_s1.nii"));
  EXPECT_THAT(names_of({"d/v_s2", "d/v"}), ElementsAre("v_s2_", "v"));
  EXPECT_THAT(names_of({"d/v_s2.png", "e/v_s2.png", "d/v.npy"}), ElementsAre("d/v_s2", "e/v_s2", "v"));
  EXPECT_THAT(names_of({"d/v_sx.png", "d/v_.png", "d/s2.png", "d/v.npy"}), ElementsAre("v_sx", "v_", "s2", "v"));
}

TEST(OutputNames, OfPicturesAreTheirStemsEvenBesideOneThatLooksLikeASlice) {
  const testing::TemporaryFolder folder;
  const auto picture = folder.path() / "v.png";
  write_png(picture, std::vector<std::uint8_t>(4, 7), 2, 2);
  const std::vector<std::filesystem::path> inputs = {picture, folder.path() / "v_s2.png"};
  EXPECT_THAT(output_names(inputs), ElementsAre("v", "v_s2"));
}

TEST(OutputNames, OfAnEarlierRunStayAndAreNotTakenByOthers) {
  const std::vector<std::filesystem::path> inputs = {"d/q/x.png", "d/p/x.png", "d/v.npy", "d/w.npy"};
  const std::map<std::filesystem::path, std::string> earlier = {
      {"d/p/x.png", "x"}, {"e/v_s1.png", "v_s1"}, {"d/w.npy", "w"}};
  EXPECT_THAT(output_names(inputs, earlier), ElementsAre("d/q/x", "x", "d/v", "w"));
}

TEST(OutputNames, AreEqualForEqualPaths) { EXPECT_THAT(names_of({"a/x.png", "a/./x.png"}), ElementsAre("x", "x")); }

}  // namespace
}  // namespace ra

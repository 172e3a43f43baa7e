#include "ra/report/output_names.h"

#include <gmock/gmock.h>

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

TEST(OutputNames, AreEqualForEqualPaths) { EXPECT_THAT(names_of({"a/x.png", "a/./x.png"}), ElementsAre("x", "x")); }

}  // namespace
}  // namespace ra

#include "ra/data/subject.h"

#include <gtest/gtest.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

TEST(Subject, TakesTheListsWordBeforeAnyName) {
  EXPECT_EQ(subject_of("a/sub-01_T1w.png", {{"a/sub-01_T1w.png", "Ada"}}), "Ada");
}

TEST(Subject, ReadsBidsNamesOfFileAndFolder) {
  EXPECT_EQ(subject_of("x/sub-IXI002_ses-M00_T1w.png"), "sub-IXI002");
  EXPECT_EQ(subject_of("data/sub-7/anat/T1w.nii.gz"), "sub-7");
  EXPECT_EQ(subject_of("sub-8/sub-9_T1w.nii"), "sub-9");
}

TEST(Subject, ReadsNamesOfPublishedData) {
  EXPECT_EQ(subject_of("d/IXI012-HH-1211-T1.nii.gz"), "sub-IXI012");
  EXPECT_EQ(subject_of("d/IXI012-HH-1211_T1.nii.gz"), "sub-IXI012");
  EXPECT_EQ(subject_of("d/TCGA_CS_4941_19960909_11.png"), "TCGA-CS-4941");
  EXPECT_EQ(subject_of("TCGA-DU-A5TR/19970726/7.png"), "TCGA-DU-A5TR");
  EXPECT_EQ(subject_of("d/file_brain_AXT1_202_6000312.h5"), "file_brain_AXT1_202_6000312");
  EXPECT_EQ(subject_of("d/file_brain_AXT1_202_6000416_possible_artifact_1.png"), "file_brain_AXT1_202_6000416");
}

TEST(Subject, IsOneForThePicturesAndTheVolumeOfAPerson) {
  const std::string picture = subject_of("ixi/sub-IXI173_ses-M00_T1w_space-MNI_T1w.png");
  EXPECT_EQ(subject_hash(picture), subject_hash(subject_of("raw/IXI173-HH-1590-T1.nii.gz")));
  EXPECT_EQ(subject_of("a/TCGA_CS_4941_19960909_1.png"), subject_of("b/TCGA-CS-4941/T1.nii"));
}

TEST(Subject, ReadsTheNameBeforeASliceNumber) {
  EXPECT_EQ(subject_of("d/P12_slice07.png"), "P12");
  EXPECT_EQ(subject_of("d/P12_slice-7.nii.gz"), "P12");
}

TEST(Subject, KnowsAnImageWithoutASubjectByItsContent) {
  const testing::TemporaryFolder folder;
  const fs::path a = folder.path() / "a.png", copy = folder.path() / "b.png", other = folder.path() / "x" / "a.png";
  fs::create_directory(folder.path() / "x");
  write_file(a, std::string_view("one"));
  write_file(copy, std::string_view("one"));
  write_file(other, std::string_view("two"));
  EXPECT_TRUE(is_image_itself(subject_of(a)));
  EXPECT_EQ(subject_of(a), subject_of(copy));
  EXPECT_NE(subject_of(a), subject_of(other));
  EXPECT_FALSE(is_image_itself("sub-1"));
  EXPECT_THROW(subject_of(folder.path() / "missing.png"), Error);
}

TEST(Subject, DoesNotTakeAPartOfAWordForAMark) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"presub-1.png", "sub-.png", "brain_slicer.png", "_slice3.png", "IXI12.png", "IXI0123.png",
                           "XIXI012.png", "TCGA-CS-494.png", "TCGA_LGG.png", "file_brain_AXT1_6000312.png"}) {
    write_file(folder.path() / name, std::string_view("x"));
    EXPECT_TRUE(is_image_itself(subject_of(folder.path() / name))) << name;
  }
}

TEST(Subject, HashesAreShortSortedAndDistinct) {
  // SHA-256("abc") begins so (FIPS 180-4).
  EXPECT_EQ(subject_hash("abc"), "ba7816bf8f01cfea");
  const auto hashes = subject_hashes(std::vector<std::string>{"b", "a", "b"});
  ASSERT_EQ(hashes.size(), 2u);
  EXPECT_LT(hashes[0], hashes[1]);
}

TEST(Subject, NamesWhatTwoPartsShare) {
  const std::vector<NamedSubjects> apart = {{"train", {"a", "b"}}, {"val", {"c"}}, {"test", {"d"}}};
  EXPECT_EQ(describe_shared_subjects(apart), "");
  const std::vector<NamedSubjects> shared = {{"train", {"a", "b"}}, {"val", {"c"}}, {"test", {"b", "b"}}};
  EXPECT_EQ(describe_shared_subjects(shared), "1 subject(s) are in both train and test: b");
}

}  // namespace
}  // namespace ra

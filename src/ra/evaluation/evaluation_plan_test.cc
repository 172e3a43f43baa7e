#include "ra/evaluation/evaluation_plan.h"

#include <gtest/gtest.h>

#include "ra/base/error.h"
#include "ra/evaluation/source_slices.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

constexpr std::int64_t kSide = 4, kSlices = 5;

// Slice 0 is empty, slice k holds k and a 9. Of the mask, slice 3 alone holds a voxel.
class EvaluationPlanTest : public ::testing::Test {
 protected:
  EvaluationPlanTest() {
    set_.name = "lesions";
    ManifestRow row;
    row.image = write("v.nii.gz", [](std::int64_t k, std::int64_t n) {
      return k == 0 ? 0.0f : n == 0 ? 9.0f : static_cast<float>(k);
    });
    row.mask = write("m.nii.gz", [](std::int64_t k, std::int64_t n) { return k == 3 && n == 5 ? 1.0f : 0.0f; });
    set_.rows.push_back(row);
  }

  template <class Value>
  std::filesystem::path write(const char* name, Value value) const {
    Image image;
    image.columns = image.rows = kSide;
    image.slices = kSlices;
    for (std::int64_t k = 0; k < kSlices; ++k) {
      for (std::int64_t n = 0; n < kSide * kSide; ++n) image.pixels.push_back(value(k, n));
    }
    write_nifti(folder_.path() / name, image);
    return folder_.path() / name;
  }

  testing::TemporaryFolder folder_;
  LabelledSet set_;
};

TEST_F(EvaluationPlanTest, NamesSetsThatCallOneImageHealthyAndNot) {
  LabelledSet normal = set_, other = set_;
  normal.name = "Normal", other.name = "other";
  EXPECT_TRUE(contradictions(plan_evaluation({set_, other})).empty());
  const std::vector<std::string> found = contradictions(plan_evaluation({normal, set_}));
  ASSERT_EQ(found.size(), 1u);
  for (const char* part : {"'Normal'", "'lesions'", "v.nii.gz"}) EXPECT_NE(found[0].find(part), std::string::npos);
}

TEST_F(EvaluationPlanTest, TakesTheMiddleSliceOfAVolumeAsTheVolumesOwnCase) {
  const EvaluationPlan plan = plan_evaluation({set_});
  ASSERT_EQ(plan.cases.size(), 1u);
  EXPECT_FALSE(plan.images[0].slice.has_value());
  EXPECT_TRUE(plan.cases[0].pathological);
}

TEST_F(EvaluationPlanTest, MakesACaseOfEverySliceThatIsNotConstantAndLabelsItByItsMask) {
  const EvaluationPlan plan = plan_evaluation({set_}, SliceRule::parse("all"));
  ASSERT_EQ(plan.cases.size(), 4u);
  for (std::size_t k = 0; k < plan.cases.size(); ++k) {
    EXPECT_EQ(plan.images[k].slice, static_cast<std::int64_t>(k + 1));
    EXPECT_EQ(plan.cases[k].pathological, k + 1 == 3) << "slice " << k + 1;
    EXPECT_EQ(plan.cases[k].subject, plan.cases[0].subject);
  }
}

TEST_F(EvaluationPlanTest, CallsEverySliceOfAPathologicalVolumeWithoutMaskPathological) {
  set_.rows[0].mask.clear();
  for (const PlannedCase& one : plan_evaluation({set_}, SliceRule::parse("2:4")).cases) EXPECT_TRUE(one.pathological);
}

TEST_F(EvaluationPlanTest, RefusesBoxesInVolumesOfWhichSlicesAreTaken) {
  set_.rows[0].boxes = {{{0, 0, 2, 2}, "mass"}};
  testing::expect_error(ErrorCode::kUsage, {"v.nii.gz", "--slices mid"},
                        [&] { plan_evaluation({set_}, SliceRule::parse("all")); });
  EXPECT_EQ(plan_evaluation({set_}).cases.size(), 1u);
}

TEST_F(EvaluationPlanTest, NamesAVolumeOfWhichNoSliceCanBeTaken) {
  const ManifestRow good = set_.rows[0];
  const auto failure_of = [&](const ManifestRow& bad, const char* slices) {
    set_.rows = {bad};
    const EvaluationPlan plan = plan_evaluation({set_}, SliceRule::parse(slices));
    EXPECT_TRUE(plan.cases.empty());
    EXPECT_EQ(plan.failures.size(), 1u);
    return plan.failures.empty() ? "" : plan.failures[0];
  };
  ManifestRow none = good;
  none.image = folder_.path() / "none.nii.gz";
  EXPECT_NE(failure_of(none, "all").find("none.nii.gz"), std::string::npos);
  EXPECT_NE(failure_of(good, "3:9").find("v.nii.gz"), std::string::npos) << "there are 5 slices";
  EXPECT_NE(failure_of(good, "0").find("constant"), std::string::npos);
}

TEST_F(EvaluationPlanTest, ReadsSlicesAsTheyLieInTheVolume) {
  SourceSlices files;
  EXPECT_EQ(files.count(set_.rows[0].image), kSlices);
  const SourceSlice slice = files.read(set_.rows[0].image, 4);
  EXPECT_EQ(slice.slices, kSlices);
  EXPECT_EQ(slice.picture.pixels[5], 4.0f);
  testing::expect_error(ErrorCode::kBadInput, {"v.nii.gz", "5 slices"}, [&] { files.read(set_.rows[0].image, 5); });
}

}  // namespace
}  // namespace ra

#include "ra/data/slice_head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ra/data/brain_outline.h"
#include "ra/data/test_slices.h"
#include "ra/io/read_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/shared_data.h"

namespace ra {
namespace {

using testing::brain_slice;
using testing::enlarged;
using testing::expect_error;

double area_of(const HeadOutline& outline) {
  double sum = 0.0;
  for (int k = 0; k < HeadOutline::kAngles; ++k) {
    const HeadPoint point = outline.surface(static_cast<float>(k));
    sum += point.x * point.x + point.y * point.y;
  }
  return 3.14159265 * sum / HeadOutline::kAngles;
}

// make_brain turns, scales and warps its heads by a few per cent.
TEST(SliceHead, FindsTheBrainThatWasDrawn) {
  for (std::uint32_t index = 0; index < 8; ++index) {
    const Image slice = brain_slice(index);
    const SliceHead found = read_slice_head(slice, 1.0);
    const Head truth = make_head(CounterRandom(17, 0, index, Purpose::kBrainAnatomy));
    EXPECT_NEAR(area_of(found.head.outline) / area_of(truth.outline), 1.0, 0.08) << index;
    EXPECT_NEAR(found.pose.origin_column, 98.0f, 9.0f) << index;
    EXPECT_NEAR(found.pose.origin_row, 116.0f, 9.0f) << index;
    EXPECT_LT(std::fabs(found.pose.turn), 0.2f) << index;
  }
}

TEST(SliceHead, OrdersTissuesAndEvensTheirLevels) {
  for (std::uint32_t index = 0; index < 8; ++index) {
    const SliceHead found = read_slice_head(brain_slice(index));
    EXPECT_LT(found.levels.fluid, 0.7f * found.levels.gray) << index;
    EXPECT_LT(found.levels.gray, 0.95f * found.levels.white) << index;
    EXPECT_NEAR(found.levels.to_scale(found.levels.white), TissueBrightness::kWhiteMatter, 1e-3);
    for (const float value : {-20.0f, 0.0f, 40.0f, 100.0f, 200.0f, 300.0f}) {
      EXPECT_NEAR(found.levels.from_scale(found.levels.to_scale(value)), value, 1e-2) << index;
    }
  }
}

TEST(SliceHead, FindsVentriclesWhereTheyAre) {
  int both = 0;
  for (std::uint32_t index = 0; index < 8; ++index) {
    const SliceHead found = read_slice_head(brain_slice(index));
    const auto& [left, right] = found.head.ventricles;
    if (left.points.empty() || right.points.empty()) continue;
    ++both;
    for (const HeadPoint point : left.points) EXPECT_LT(point.x, 0.0f);
    for (const HeadPoint point : right.points) EXPECT_GT(point.x, 0.0f);
    const HeadPoint middle = left.points[left.points.size() / 2];
    EXPECT_LT(found.head.ventricle_distance.sample(middle), 3.0f) << index;
  }
  EXPECT_GE(both, 6);
}

TEST(SliceHead, PoseGoesToTheHeadAndBack) {
  const SlicePose pose{90.0f, 100.0f, 0.8f, 1.2f, 0.3f};
  const HeadPoint point = pose.head_from_pixel(20.0f, 150.0f);
  const auto pixel = pose.pixel_from_head(point);
  EXPECT_NEAR(pixel.column, 20.0f, 1e-3f);
  EXPECT_NEAR(pixel.row, 150.0f, 1e-3f);
}

// Without geometry, the size of the brain decides; with it, what the file says.
TEST(SliceHead, MeasuresInMillimetresWhateverThePixels) {
  const Image slice = brain_slice(2);
  const SliceHead once = read_slice_head(slice);
  const SliceHead twice = read_slice_head(enlarged(slice, 2));
  EXPECT_FALSE(once.scale_known);
  EXPECT_NEAR(twice.pose.column_mm / once.pose.column_mm, 0.5, 0.01);
  EXPECT_NEAR(area_of(twice.head.outline) / area_of(once.head.outline), 1.0, 0.03);
  Image measured = slice;
  measured.world_from_voxel = Affine{{{1.1, 0, 0, 0}, {0, 0.9, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
  const SliceHead known = read_slice_head(measured);
  EXPECT_TRUE(known.scale_known);
  EXPECT_FLOAT_EQ(known.pose.column_mm, 1.1f);
  EXPECT_FLOAT_EQ(known.pose.row_mm, 0.9f);
}

TEST(SliceHead, FindsABrainWithoutItsSkull) {
  const Image slice = brain_slice(4);
  const SliceHead whole = read_slice_head(slice, 1.0);
  Image stripped = slice;
  for (std::int64_t row = 0; row < slice.rows; ++row) {
    for (std::int64_t column = 0; column < slice.columns; ++column) {
      const HeadPoint point = whole.pose.head_from_pixel(static_cast<float>(column), static_cast<float>(row));
      if (whole.head.depth.sample(point) < 0.0f) {
        stripped.pixels[static_cast<std::size_t>(row * slice.columns + column)] = 0.0f;
      }
    }
  }
  const SliceHead found = read_slice_head(stripped, 1.0);
  EXPECT_NEAR(area_of(found.head.outline) / area_of(whole.head.outline), 1.0, 0.05);
}

TEST(SliceHead, RefusesWhatShowsNoBrain) {
  Image slice = brain_slice(0);
  slice.pixels.assign(slice.pixels.size(), 7.0f);
  expect_error(ErrorCode::kBadInput, {"blank"}, [&] { read_slice_head(slice); });
  Image inverted = brain_slice(0);
  for (float& value : inverted.pixels) value = 255.0f - value;
  expect_error(ErrorCode::kBadInput, {"no brain"}, [&] { read_slice_head(inverted); });
  CounterRandom random(1, 0, 0, Purpose::kCanary);
  for (float& value : slice.pixels) value = static_cast<float>(random.below(256));
  expect_error(ErrorCode::kBadInput, {"no brain"}, [&] { read_slice_head(slice); });
}

TEST(SliceHead, RefusesWhatIsTooSmallTooLargeOrTooCoarse) {
  Image small = testing::picture(20, 40, std::vector<float>(800, 1.0f));
  small.pixels[30] = 5.0f;
  expect_error(ErrorCode::kBadInput, {"20 x 40", "32"}, [&] { read_slice_head(small); });
  const Image large = testing::picture(5000, 40, std::vector<float>(200000, 1.0f));
  expect_error(ErrorCode::kBadInput, {"5000 x 40", "4096"}, [&] { read_slice_head(large); });
  expect_error(ErrorCode::kBadInput, {"mm", "4.5"}, [] { read_slice_head(brain_slice(0), 6.0); });
  expect_error(ErrorCode::kBadInput, {"cm2"}, [] { read_slice_head(brain_slice(0), 0.4); });
}

// Two that leak into the scalp at a plain threshold, and one with strong shading.
TEST(SliceHead, FindsRealBrains) {
  RA_SHARED_OR_SKIP(folder, "data/ixi_mid_axial");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".png" || ++count % 12 != 0) continue;
    const SliceHead found = read_slice_head(read_image(entry.path()), 1.0);
    const double area = area_of(found.head.outline);
    EXPECT_GT(area, 15500.0) << entry.path();
    EXPECT_LT(area, 22500.0) << entry.path();
    EXPECT_LT(std::fabs(found.pose.turn), 0.2f) << entry.path();
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace ra

#include "ra/data/lesion_in_slice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ra/data/mask_regions.h"
#include "ra/data/test_slices.h"
#include "ra/testing/expect_error.h"

namespace ra {
namespace {

using testing::brain_slice;

constexpr std::uint32_t kSlices = 5;

CounterRandom stream(LesionKind kind, std::uint32_t index, std::uint64_t seed = 3) {
  return {seed, static_cast<std::uint32_t>(kind), index, Purpose::kLesion};
}

class LesionInSlice : public ::testing::TestWithParam<LesionKind> {
 protected:
  // The slices that this kind fits into, with their heads; most.
  template <class Check>
  void for_each_lesion(Check check) const {
    int fitting = 0;
    for (std::uint32_t index = 0; index < kSlices; ++index) {
      const Image slice = brain_slice(index);
      const SliceHead head = read_slice_head(slice);
      if (!Lesion::fits(GetParam(), head.head)) continue;
      ++fitting;
      check(slice, head, put_lesion(slice, head, GetParam(), stream(GetParam(), index)));
    }
    EXPECT_GE(fitting, 3);
  }
};

TEST_P(LesionInSlice, ChangesNothingOutsideItsReach) {
  for_each_lesion([](const Image& slice, const SliceHead& head, const LesionedSlice& lesioned) {
    std::size_t same = 0;
    double near = 0.0, far = 0.0, near_count = 0.0, far_count = 0.0;
    const std::vector<float> to_mask = distance_to(lesioned.mask, slice.columns, slice.rows);
    for (std::size_t i = 0; i < slice.pixels.size(); ++i) {
      const double change = std::fabs(lesioned.image.pixels[i] - slice.pixels[i]);
      if (lesioned.outside[i] != 0) {
        ASSERT_EQ(change, 0.0);
        ASSERT_EQ(lesioned.mask[i], 0);
        ++same;
      }
      (lesioned.mask[i] != 0 ? near : far) += to_mask[i] == 0.0f || to_mask[i] > 12.0f ? change : 0.0;
      (lesioned.mask[i] != 0 ? near_count : far_count) += to_mask[i] == 0.0f || to_mask[i] > 12.0f ? 1.0 : 0.0;
    }
    EXPECT_GT(same, slice.pixels.size() / 2);
    EXPECT_GT(near / near_count, 12.0);
    EXPECT_GT(near / near_count, 8.0 * far / far_count);
    EXPECT_EQ(head.pose.column_mm, head.pose.row_mm);
  });
}

TEST_P(LesionInSlice, LiesInTheBrain) {
  for_each_lesion([](const Image& slice, const SliceHead& head, const LesionedSlice& lesioned) {
    double area = 0.0;
    for (std::int64_t row = 0; row < slice.rows; ++row) {
      for (std::int64_t column = 0; column < slice.columns; ++column) {
        const auto at = static_cast<std::size_t>(row * slice.columns + column);
        const HeadPoint point = head.pose.head_from_pixel(static_cast<float>(column), static_cast<float>(row));
        if (lesioned.outside[at] == 0) {
          ASSERT_GT(head.head.depth.sample(point), -2.5f) << column << " " << row;
        }
        if (lesioned.mask[at] == 0) continue;
        ASSERT_GT(head.head.depth.sample(point), 0.0f) << column << " " << row;
        area += head.pose.column_mm * head.pose.row_mm;
      }
    }
    EXPECT_GT(area, 60.0);
    EXPECT_LT(area, 5000.0);
  });
}

TEST_P(LesionInSlice, IsAFunctionOfSliceAndStream) {
  const Image slice = brain_slice(1);
  const SliceHead head = read_slice_head(slice);
  if (!Lesion::fits(GetParam(), head.head)) GTEST_SKIP() << "no ventricles in this brain";
  const LesionedSlice first = put_lesion(slice, head, GetParam(), stream(GetParam(), 1));
  const LesionedSlice again = put_lesion(slice, read_slice_head(slice), GetParam(), stream(GetParam(), 1));
  EXPECT_EQ(first.image.pixels, again.image.pixels);
  EXPECT_EQ(first.mask, again.mask);
  EXPECT_NE(first.image.pixels, put_lesion(slice, head, GetParam(), stream(GetParam(), 1, 4)).image.pixels);
}

TEST_P(LesionInSlice, KeepsTheValuesOfEightBits) {
  for_each_lesion([](const Image& slice, const SliceHead&, const LesionedSlice& lesioned) {
    EXPECT_EQ(lesioned.image.columns, slice.columns);
    EXPECT_EQ(lesioned.image.rows, slice.rows);
    EXPECT_EQ(lesioned.image.pixel_type, slice.pixel_type);
    for (const float value : lesioned.image.pixels) {
      ASSERT_EQ(value, std::round(value));
      ASSERT_GE(value, 0.0f);
      ASSERT_LE(value, 255.0f);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(EveryKind, LesionInSlice, ::testing::ValuesIn(kLesionKinds),
                         [](const auto& parameter) { return std::string(to_string(parameter.param)); });

// What changes is a matter of the picture, not of the file's scale.
TEST(LesionInSliceValues, FollowTheScaleOfTheFile) {
  const Image bytes = brain_slice(2);
  Image deep = bytes, shares = bytes, signal = bytes;
  deep.pixel_type = PixelType::kUint16;
  shares.pixel_type = PixelType::kFloat;
  shares.format = ImageFormat::kNpy;
  signal.pixel_type = PixelType::kOther;
  signal.format = ImageFormat::kNifti;
  signal.world_from_voxel = Affine{{{1, 0, 0, -90}, {0, -1, 0, 100}, {0, 0, 1, 5}, {0, 0, 0, 1}}};
  for (float& value : deep.pixels) value *= 257.0f;
  for (float& value : shares.pixels) value /= 255.0f;
  for (float& value : signal.pixels) value = 4.0f * value + 0.5f;
  const auto lesioned = [](const Image& slice) {
    return put_lesion(slice, read_slice_head(slice, 1.0), LesionKind::kMass, stream(LesionKind::kMass, 2));
  };
  const LesionedSlice reference = lesioned(bytes);
  const std::pair<const Image*, double> others[] = {{&deep, 257.0}, {&shares, 1.0 / 255.0}};
  for (const auto& [slice, factor] : others) {
    const LesionedSlice other = lesioned(*slice);
    EXPECT_EQ(other.image.pixel_type, slice->pixel_type);
    double difference = 0.0;
    for (std::size_t i = 0; i < other.mask.size(); ++i) {
      difference += std::fabs(other.image.pixels[i] / factor - reference.image.pixels[i]);
    }
    EXPECT_LT(difference / static_cast<double>(other.mask.size()), 0.2);
  }
  const LesionedSlice share = lesioned(shares);
  EXPECT_LE(*std::ranges::max_element(share.image.pixels), 1.0f);
  const LesionedSlice measured = lesioned(signal);
  EXPECT_EQ(measured.image.world_from_voxel, signal.world_from_voxel);
  EXPECT_EQ(measured.image.format, ImageFormat::kNifti);
}

TEST(LesionInSliceValues, KeepColourGray) {
  Image colour = brain_slice(2);
  colour.channels = 3;
  std::vector<float> gray = std::move(colour.pixels);
  colour.pixels.clear();
  for (const float value : gray) colour.pixels.insert(colour.pixels.end(), 3, value);
  const LesionedSlice lesioned =
      put_lesion(colour, read_slice_head(colour), LesionKind::kHaemorrhage, stream(LesionKind::kHaemorrhage, 2));
  for (std::size_t i = 0; i < lesioned.image.pixels.size(); i += 3) {
    ASSERT_EQ(lesioned.image.pixels[i], lesioned.image.pixels[i + 1]);
    ASSERT_EQ(lesioned.image.pixels[i], lesioned.image.pixels[i + 2]);
  }
}

// Fluid that is painted must be as noisy as the tissue around it: a smooth sticker would be found by its smoothness.
TEST(LesionInSliceValues, KeepTheNoiseOfTheSlice) {
  const Image slice = brain_slice(3);
  const SliceHead head = read_slice_head(slice);
  const LesionedSlice lesioned =
      put_lesion(slice, head, LesionKind::kResectionCavity, stream(LesionKind::kResectionCavity, 3));
  const auto roughness = [&](const Image& image) {
    double sum = 0.0, count = 0.0;
    for (std::int64_t row = 1; row + 1 < slice.rows; ++row) {
      for (std::int64_t column = 1; column + 1 < slice.columns; ++column) {
        const auto at = static_cast<std::size_t>(row * slice.columns + column);
        const auto up = static_cast<std::size_t>(slice.columns);
        if (lesioned.mask[at] == 0) continue;
        const auto& p = image.pixels;
        sum += std::fabs(4.0f * p[at] - p[at - 1] - p[at + 1] - p[at - up] - p[at + up]);
        ++count;
      }
    }
    return sum / count;
  };
  EXPECT_GT(roughness(lesioned.image), 0.3 * roughness(slice));
}

TEST(LesionInSliceValues, RefuseAKindThatFindsNoVentricles) {
  const Image slice = brain_slice(0);
  SliceHead head = read_slice_head(slice);
  head.head.ventricles[1] = {};
  testing::expect_error(ErrorCode::kBadInput, {"enlarged_ventricles", "ventricles"}, [&] {
    put_lesion(slice, head, LesionKind::kEnlargedVentricles, stream(LesionKind::kEnlargedVentricles, 0));
  });
}

TEST(LesionKindNames, AreReadAsTheyAreWritten) {
  for (const LesionKind kind : kLesionKinds) EXPECT_EQ(lesion_kind_from_string(std::string(to_string(kind))), kind);
  testing::expect_error(ErrorCode::kUsage, {"mas", "mass"}, [] { lesion_kind_from_string("mas"); });
}

}  // namespace
}  // namespace ra

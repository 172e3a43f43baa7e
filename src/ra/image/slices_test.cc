#include "ra/image/slices.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;

// What a voxel at a place in the world holds, so that a place can be recognised after a turn.
float value_at(const Affine& affine, double x, double y, double z) {
  double value = 0.0;
  constexpr std::array<double, 3> kWeights{1.0, 37.0, 1009.0};
  for (int i = 0; i < 3; ++i) {
    value += kWeights[i] * (affine[i][0] * x + affine[i][1] * y + affine[i][2] * z + affine[i][3]);
  }
  return static_cast<float>(value);
}

Image volume_of_places(const Affine& affine) {
  Image volume{.columns = 3,
               .rows = 4,
               .slices = 5,
               .channels = 1,
               .pixels = {},
               .format = ImageFormat::kNifti,
               .pixel_type = PixelType::kFloat,
               .world_from_voxel = affine};
  for (int z = 0; z < 5; ++z) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 3; ++x) volume.pixels.push_back(value_at(affine, x, y, z));
    }
  }
  return volume;
}

void expect_places_kept(const Image& image) {
  std::size_t i = 0;
  for (int z = 0; z < image.slices; ++z) {
    for (int y = 0; y < image.rows; ++y) {
      for (int x = 0; x < image.columns; ++x) {
        ASSERT_NEAR(image.pixels[i++], value_at(*image.world_from_voxel, x, y, z), 0.01);
      }
    }
  }
}

// All 48 axis orders and signs, each made oblique by a small shear.
std::vector<Affine> orientations() {
  std::vector<Affine> result;
  std::array<int, 3> axes{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Affine affine{};
      affine[3][3] = 1.0;
      for (int voxel_axis = 0; voxel_axis < 3; ++voxel_axis) {
        affine[axes[voxel_axis]][voxel_axis] = ((signs >> voxel_axis) & 1 ? -1.0 : 1.0) * (1.0 + 0.5 * voxel_axis);
        affine[axes[(voxel_axis + 1) % 3]][voxel_axis] += 0.2;
        affine[voxel_axis][3] = -10.0 * voxel_axis - 3.0;
      }
      result.push_back(affine);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  return result;
}

TEST(SliceRule, TakesTheMiddleRoundedDownByDefault) {
  EXPECT_THAT(SliceRule().select(7), ElementsAre(3));
  EXPECT_THAT(SliceRule::mid().select(8), ElementsAre(4));
  EXPECT_THAT(SliceRule::parse("mid").select(1), ElementsAre(0));
}

TEST(SliceRule, TakesAllRangesAndLists) {
  EXPECT_THAT(SliceRule::parse("all").select(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(SliceRule::parse("1:3").select(4), ElementsAre(1, 2));
  EXPECT_THAT(SliceRule::parse("2:").select(4), ElementsAre(2, 3));
  EXPECT_THAT(SliceRule::parse(":2").select(4), ElementsAre(0, 1));
  EXPECT_THAT(SliceRule::parse(":").select(2), ElementsAre(0, 1));
  EXPECT_THAT(SliceRule::parse("5,0,2").select(6), ElementsAre(5, 0, 2));
  EXPECT_EQ(SliceRule::parse("5,0,2").text(), "5,0,2");
}

TEST(SliceRule, RefusesWhatIsNoRule) {
  for (const char* text :
       {"", "middle", "1,,2", "1,", "-1", "3:1", "2:2", ":0", "1:2:3", "0.5", "1,1", "9999999999999999999"}) {
    expect_error(ErrorCode::kUsage, {"slice rule", text, "A:B"}, [&] { SliceRule::parse(text); });
  }
}

TEST(SliceRule, RefusesSlicesThatAreNotThere) {
  for (const char* text : {"4", "0,4", "0:5", "4:", "7:9"}) {
    expect_error(ErrorCode::kBadInput, {"slices 0 to 3"}, [&] { SliceRule::parse(text).select(4); });
  }
}

TEST(ToRas, TurnsEveryOrientationAndKeepsEveryPlace) {
  for (const Affine& affine : orientations()) {
    const Image ras = to_ras(volume_of_places(affine));
    EXPECT_EQ(ras.columns * ras.rows * ras.slices, 60);
    expect_places_kept(ras);
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_GT((*ras.world_from_voxel)[axis][axis], 0.0);
      for (int other = 0; other < 3; ++other) {
        EXPECT_LE(std::abs((*ras.world_from_voxel)[other][axis]), (*ras.world_from_voxel)[axis][axis]);
      }
    }
  }
}

TEST(ToRas, LeavesImagesWithoutGeometryAlone) {
  Image array = volume_of_places(orientations()[5]);
  array.world_from_voxel.reset();
  EXPECT_EQ(to_ras(array).pixels, array.pixels);
}

TEST(ToRas, RefusesFlatGeometry) {
  Image volume = volume_of_places(orientations()[0]);
  for (auto& line : *volume.world_from_voxel) line[2] = line[1];
  expect_error(ErrorCode::kBadInput, {"orientation", "correct"}, [&] { to_ras(volume); });
}

TEST(AxialSlice, HasAnteriorUpAndKeepsEveryPlace) {
  const Image ras = to_ras(volume_of_places(orientations()[11]));
  const Image slice = axial_slice(ras, 2);
  EXPECT_EQ(slice.slices, 1);
  EXPECT_EQ(slice.rows, ras.rows);
  expect_places_kept(slice);
  EXPECT_LT((*slice.world_from_voxel)[1][1], 0.0);  // rows run to posterior
  EXPECT_GT((*slice.world_from_voxel)[0][0], 0.0);
}

TEST(AxialSlice, KeepsTheRowsOfAnArray) {
  const Image array{.columns = 2,
                    .rows = 2,
                    .slices = 2,
                    .channels = 1,
                    .pixels = {0, 1, 2, 3, 4, 5, 6, 7},
                    .format = ImageFormat::kNpy,
                    .pixel_type = PixelType::kFloat,
                    .world_from_voxel = std::nullopt};
  EXPECT_THAT(axial_slice(array, 1).pixels, ElementsAre(4, 5, 6, 7));
  expect_error(ErrorCode::kBadInput, {"no slice 2"}, [&] { axial_slice(array, 2); });
}

TEST(Image, StatesItsSpacing) {
  Image image = volume_of_places({{{0, -2, 0, 0}, {3, 0, 0, 0}, {0, 0, 1.5, 0}, {0, 0, 0, 1}}});
  EXPECT_THAT(*image.spacing_mm(), ElementsAre(3.0, 2.0, 1.5));
  image.world_from_voxel.reset();
  EXPECT_FALSE(image.spacing_mm());
}

}  // namespace
}  // namespace ra

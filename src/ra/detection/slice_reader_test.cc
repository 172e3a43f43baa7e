#include "ra/detection/slice_reader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/base/error.h"
#include "ra/io/write_image.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

// A RAS volume of 20x30x4 voxels of 2 mm with one bright voxel in each of its slices 1 to 3; slice 0 is empty.
Image volume() {
  Image image;
  image.columns = 20;
  image.rows = 30;
  image.slices = 4;
  image.format = ImageFormat::kNifti;
  image.pixel_type = PixelType::kFloat;
  image.pixels.assign(20 * 30 * 4, 0.0f);
  for (std::size_t k = 1; k < 4; ++k) image.pixels[(k * 30 + 12) * 20 + 8] = 100.0f;
  image.world_from_voxel = Affine{{{2, 0, 0, -20}, {0, 2, 0, -30}, {0, 0, 2, 5}, {0, 0, 0, 1}}};
  return image;
}

std::filesystem::path written(const testing::TemporaryFolder& folder) {
  const auto path = folder.path() / "v.nii.gz";
  write_nifti(path, volume());
  return path;
}

InputOptions size_of(int image_size) {
  InputOptions options;
  options.image_size = image_size;
  return options;
}

TEST(ReadSlices, LeavesOutSlicesWithoutContent) {
  const testing::TemporaryFolder folder;
  std::size_t constant = 0;
  const auto slices = read_slices(written(folder), SliceRule::parse("all"), size_of(32), constant);
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices[0].index, 1);
  EXPECT_EQ(constant, 1u);
}

TEST(InputSlices, PreparesOneAtATime) {
  const testing::TemporaryFolder folder;
  const InputSlices slices(written(folder), SliceRule::parse("2,0,3"), size_of(32));
  std::size_t constant = 0;
  const auto all = read_slices(written(folder), SliceRule::parse("2,0,3"), size_of(32), constant);
  EXPECT_EQ(slices.constant(), 1u);
  ASSERT_EQ(slices.size(), 2u);
  for (std::size_t k : {1u, 0u}) {
    const InputSlice slice = slices.prepare(k);
    EXPECT_EQ(slice.index, slices.index(k));
    EXPECT_EQ(slice.index, all[k].index);
    EXPECT_TRUE(at::equal(slice.prepared.pixels, all[k].prepared.pixels));
  }
}

TEST(ReadSlices, RefusesAnInputOfEmptySlicesOnly) {
  const testing::TemporaryFolder folder;
  std::size_t constant = 0;
  EXPECT_THROW(read_slices(written(folder), SliceRule::parse("0"), size_of(32), constant), Error);
}

// The affine of the prepared grid must put its brightest pixel where the volume has its bright voxel.
TEST(ReadSlices, KnowsWhereThePreparedPixelsLie) {
  const testing::TemporaryFolder folder;
  std::size_t constant = 0;
  const auto slice = read_slices(written(folder), SliceRule::parse("2"), size_of(120), constant).front();
  const at::Tensor pixels = slice.prepared.pixels[0];
  const std::int64_t at = pixels.flatten().argmax().item<std::int64_t>();
  const double column = static_cast<double>(at % 120), row = static_cast<double>(at / 120);
  ASSERT_TRUE(slice.world_from_pixel.has_value());
  const Affine& world = *slice.world_from_pixel;
  EXPECT_NEAR(world[0][0] * column + world[0][1] * row + world[0][3], -20 + 2 * 8, 1.01);
  EXPECT_NEAR(world[1][0] * column + world[1][1] * row + world[1][3], -30 + 2 * 12, 1.01);
  EXPECT_NEAR(world[2][3], 5 + 2 * 2, 1e-6);
}

}  // namespace
}  // namespace ra

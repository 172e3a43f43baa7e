#include "ra/data/slice_dataset.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/image/slices.h"
#include "ra/io/read_image.h"
#include "ra/io/write_image.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// A 16x16 picture that differs from picture to picture.
fs::path write_picture(const fs::path& folder, int number) {
  std::vector<std::uint8_t> pixels(256);
  for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = static_cast<std::uint8_t>((k * 7 + 31 * number) % 256);
  const fs::path path = folder / ("p" + std::to_string(100 + number) + ".png");
  write_png(path, pixels, 16, 16);
  return path;
}

InputOptions small_input() {
  InputOptions options;
  options.image_size = 32;
  return options;
}

TEST(SliceDataset, IsTheSameForAnyNumberOfThreads) {
  const testing::TemporaryFolder folder;
  std::vector<fs::path> files;
  for (int k = 0; k < 13; ++k) files.push_back(write_picture(folder.path(), k));
  const SliceDataset one = load_slices(files, small_input(), 1), four = load_slices(files, small_input(), 4);
  EXPECT_EQ(one.images.sizes(), (std::vector<std::int64_t>{13, 1, 32, 32}));
  EXPECT_TRUE(one.images.equal(four.images));
  EXPECT_EQ(one.names, four.names);
  EXPECT_EQ(one.names[3], files[3].string());
  EXPECT_TRUE(one.images[3].equal(load_slice(files[3], small_input()).pixels));
}

TEST(SliceDataset, TakesTheMiddleSliceOfAVolume) {
  const testing::TemporaryFolder folder;
  Image volume;
  volume.columns = volume.rows = 8;
  volume.slices = 5;
  for (int k = 0; k < 5 * 64; ++k) volume.pixels.push_back(static_cast<float>(k / 64 == 2 ? k % 64 : 7 * (k % 9)));
  const fs::path path = folder.path() / "volume.nii";
  write_nifti(path, volume);
  const PreparedSlice expected = prepare_slice(axial_slice(to_ras(read_image(path)), 2), small_input());
  EXPECT_TRUE(load_slices({path}, small_input(), 1).images[0].equal(expected.pixels));
}

TEST(SliceDataset, ReportsProgressUpToTheEnd) {
  const testing::TemporaryFolder folder;
  std::vector<fs::path> files;
  for (int k = 0; k < 5; ++k) files.push_back(write_picture(folder.path(), k));
  std::size_t last = 0;
  load_slices(files, small_input(), 2, [&](std::size_t done, std::size_t total) {
    EXPECT_GT(done, last);
    EXPECT_EQ(total, 5u);
    last = done;
  });
  EXPECT_EQ(last, 5u);
}

TEST(SliceDataset, NamesEveryUnusableFileInOneError) {
  const testing::TemporaryFolder folder;
  const fs::path text = folder.path() / "text.png", empty = folder.path() / "empty.png";
  write_file(text, "no picture at all");
  write_file(empty, "");
  const fs::path constant = folder.path() / "constant.png";
  write_png(constant, std::vector<std::uint8_t>(256, 9), 16, 16);
  const fs::path good = write_picture(folder.path(), 1);
  try {
    load_slices({text, good, empty, constant}, small_input(), 2);
    FAIL() << "the files were accepted";
  } catch (const Error& error) {
    const std::string reason = error.what();
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(reason, HasSubstr("3 of 4 images"));
    for (const fs::path& path : {text, empty, constant}) EXPECT_THAT(reason, HasSubstr(path.string()));
    EXPECT_THAT(reason, Not(HasSubstr(good.string())));
  }
}

}  // namespace
}  // namespace ra

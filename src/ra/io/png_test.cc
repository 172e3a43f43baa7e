#include <gmock/gmock.h>

#include "ra/base/atomic_file.h"
#include "ra/io/read_image.h"
#include "ra/io/test_files.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::ElementsAre;
using namespace std::string_literals;

constexpr std::uint8_t kGray = 0, kColour = 2, kPalette = 3, kGrayAlpha = 4, kColourAlpha = 6;

class Png : public ::testing::Test {
 protected:
  Image read(const std::string& bytes) const {
    write_file(folder_.path() / "a.png", bytes);
    return read_image(folder_.path() / "a.png");
  }
  void expect_refused(const std::string& bytes, std::string_view reason) const {
    testing::expect_error(ErrorCode::kBadInput, {"a.png", reason}, [&] { read(bytes); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Png, ReadsGrayOf8And16Bits) {
  const Image image = read(testing::png_bytes({.columns = 2, .rows = 2, .scanlines = "\0\1\2\0\3\xff"s}));
  EXPECT_EQ(image.format, ImageFormat::kPng);
  EXPECT_EQ(image.pixel_type, PixelType::kUint8);
  EXPECT_EQ(image.channels, 1);
  EXPECT_THAT(image.pixels, ElementsAre(1, 2, 3, 255));
  EXPECT_FALSE(image.world_from_voxel);
  const Image deep = read(testing::png_bytes({.columns = 2, .bit_depth = 16, .scanlines = "\0\1\2\xff\xff"s}));
  EXPECT_EQ(deep.pixel_type, PixelType::kUint16);
  EXPECT_THAT(deep.pixels, ElementsAre(258, 65535));
}

TEST_F(Png, WritesSixteenBitsAsTheyAre) {
  const std::vector<std::uint16_t> pixels{0, 1, 256, 4660, 65534, 65535};
  write_png(folder_.path() / "deep.png", pixels, 3, 2);
  const Image image = read_image(folder_.path() / "deep.png");
  EXPECT_EQ(image.pixel_type, PixelType::kUint16);
  EXPECT_THAT(image.pixels, ElementsAre(0, 1, 256, 4660, 65534, 65535));
}

TEST_F(Png, StretchesGrayOfFewBits) {
  EXPECT_THAT(read(testing::png_bytes({.columns = 3, .bit_depth = 1, .scanlines = "\0\xa0"s})).pixels,
              ElementsAre(255, 0, 255));
  EXPECT_THAT(read(testing::png_bytes({.columns = 4, .bit_depth = 2, .scanlines = "\0\x1b"s})).pixels,
              ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(read(testing::png_bytes({.columns = 2, .bit_depth = 4, .scanlines = "\0\x0f"s})).pixels,
              ElementsAre(0, 255));
}

TEST_F(Png, ReadsColourAndPalettes) {
  const Image colour = read(testing::png_bytes({.columns = 2, .colour_type = kColour, .scanlines = "\0\1\2\3\4\5\6"s}));
  EXPECT_EQ(colour.channels, 3);
  EXPECT_THAT(colour.pixels, ElementsAre(1, 2, 3, 4, 5, 6));
  const Image palette = read(testing::png_bytes({.columns = 3,
                                                 .bit_depth = 2,
                                                 .colour_type = kPalette,
                                                 .scanlines = "\0\x18"s,
                                                 .palette = "\1\2\3\11\12\13\21\22\23"s}));
  EXPECT_THAT(palette.pixels, ElementsAre(1, 2, 3, 9, 10, 11, 17, 18, 19));
}

TEST_F(Png, DropsAlpha) {
  EXPECT_THAT(read(testing::png_bytes({.columns = 2, .colour_type = kGrayAlpha, .scanlines = "\0\1\2\3\4"s})).pixels,
              ElementsAre(1, 3));
  EXPECT_THAT(read(testing::png_bytes({.colour_type = kColourAlpha, .scanlines = "\0\1\2\3\4"s})).pixels,
              ElementsAre(1, 2, 3));
  const Image deep =
      read(testing::png_bytes({.bit_depth = 16, .colour_type = kColourAlpha, .scanlines = "\0\1\0\2\0\3\0\4\0"s}));
  EXPECT_THAT(deep.pixels, ElementsAre(256, 512, 768));
}

TEST_F(Png, GivesBackWhatWasWritten) {
  const std::vector<std::uint8_t> gray{0, 1, 2, 200, 254, 255};
  write_png(folder_.path() / "w.png", gray, 3, 2);
  const Image image = read_image(folder_.path() / "w.png");
  EXPECT_EQ(image.columns, 3);
  EXPECT_EQ(image.rows, 2);
  EXPECT_EQ(image.pixels, std::vector<float>(gray.begin(), gray.end()));
  write_png(folder_.path() / "w.png", gray, 2, 1, 3);
  EXPECT_EQ(read_image(folder_.path() / "w.png").channels, 3);
  EXPECT_EQ(read_image(folder_.path() / "w.png").pixels, image.pixels);
}

TEST_F(Png, LosesNothingWithLessEffort) {
  std::vector<std::uint8_t> pixels(30 * 20 * 3);
  for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = static_cast<std::uint8_t>(k * k / 7);
  write_png(folder_.path() / "fast.png", pixels, 30, 20, 3, PngEffort::kFast);
  EXPECT_EQ(read_image(folder_.path() / "fast.png").pixels, std::vector<float>(pixels.begin(), pixels.end()));
}

TEST_F(Png, RefusesTruncatedFilesAtEveryLength) {
  const std::string whole = testing::png_bytes({.columns = 2, .rows = 2, .scanlines = "\0\1\2\0\3\4"s});
  constexpr std::size_t kLastChecksum = 4;  // of the empty end chunk: no pixel depends on it
  for (std::size_t length = 8; length < whole.size() - kLastChecksum; ++length) {
    expect_refused(whole.substr(0, length), "truncated");
  }
}

TEST_F(Png, RefusesDamagedData) {
  std::string damaged = testing::png_bytes({.columns = 2, .rows = 2, .scanlines = "\0\1\2\0\3\4"s});
  damaged[damaged.size() - 20] ^= 1;  // in IDAT: its checksum notices
  expect_refused(damaged, "broken");
  expect_refused(testing::png_bytes({.columns = 2, .rows = 2, .scanlines = "\0\1\2"s}), "truncated");
}

TEST_F(Png, RefusesSizesThatDoNotFitBeforeItTakesMemory) {
  expect_refused(testing::png_bytes({.columns = 20000, .rows = 20000, .scanlines = "\0"s}), "20000 x 20000 is beyond");
  expect_refused(testing::png_bytes({.columns = 0x7fffffff, .rows = 0x7fffffff, .scanlines = "\0"s}), "beyond");
  expect_refused(testing::png_bytes({.columns = 16000, .rows = 16000, .scanlines = "\0"s}), "truncated");
  expect_refused(testing::png_bytes({.columns = 0, .rows = 5, .scanlines = "\0"s}), "broken");
  expect_refused(testing::png_bytes({.columns = 0xffffffff, .rows = 5, .scanlines = "\0"s}), "broken");
}

}  // namespace
}  // namespace ra

#include <gmock/gmock.h>
#include <turbojpeg.h>

#include <cmath>
#include <memory>

#include "ra/base/atomic_file.h"
#include "ra/io/read_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

// A smooth 16 x 24 picture (rows x columns) of 1 or 3 channels, or 4 for CMYK.
std::vector<unsigned char> ramp(int channels) {
  std::vector<unsigned char> pixels;
  for (int i = 0; i < 16 * 24; ++i) {
    for (int c = 0; c < channels; ++c)
      pixels.push_back(static_cast<unsigned char>(10 * (i / 24) + 2 * (i % 24) + 20 * c));
  }
  return pixels;
}

std::string jpeg_bytes(int channels) {
  const std::unique_ptr<void, int (*)(tjhandle)> encoder(tjInitCompress(), tjDestroy);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const int format = channels == 1 ? TJPF_GRAY : channels == 3 ? TJPF_RGB : TJPF_CMYK;
  tjCompress2(encoder.get(), ramp(channels).data(), 24, 0, 16, format, &bytes, &size,
              channels == 1 ? TJSAMP_GRAY : TJSAMP_444, 95, 0);
  std::string file(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  return file;
}

class Jpeg : public ::testing::Test {
 protected:
  Image read(const std::string& bytes) const {
    write_file(folder_.path() / "a.jpg", bytes);
    return read_image(folder_.path() / "a.jpg");
  }
  void expect_refused(const std::string& bytes, std::string_view reason) const {
    testing::expect_error(ErrorCode::kBadInput, {"a.jpg", reason}, [&] { read(bytes); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Jpeg, ReadsGrayAndColour) {
  for (const int channels : {1, 3}) {
    const Image image = read(jpeg_bytes(channels));
    EXPECT_EQ(image.format, ImageFormat::kJpeg);
    EXPECT_EQ(image.pixel_type, PixelType::kUint8);
    EXPECT_EQ(image.columns, 24);
    EXPECT_EQ(image.rows, 16);
    EXPECT_EQ(image.channels, channels);
    const std::vector<unsigned char> wanted = ramp(channels);
    ASSERT_EQ(image.pixels.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(image.pixels[i], wanted[i], 6);
  }
}

TEST_F(Jpeg, RefusesCmyk) { expect_refused(jpeg_bytes(4), "CMYK"); }

TEST_F(Jpeg, RefusesTruncatedFilesAtEveryLength) {
  const std::string whole = jpeg_bytes(1);
  for (std::size_t length = 3; length < whole.size() - 2; ++length) {
    expect_refused(whole.substr(0, length), "again");
  }
}

TEST_F(Jpeg, RefusesSizesBeyondTheLimit) {
  std::string large = jpeg_bytes(1);
  const std::size_t frame = large.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  large.replace(frame + 5, 4, "\x4e\x20\x4e\x20");
  expect_refused(large, "20000 x 20000 is beyond");
  large.replace(frame + 5, 4, std::string(4, '\0'));
  expect_refused(large, "a.jpg");
}

}  // namespace
}  // namespace ra

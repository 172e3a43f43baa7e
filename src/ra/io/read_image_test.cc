#include "ra/io/read_image.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>

#include "ra/base/atomic_file.h"
#include "ra/io/npy.h"
#include "ra/io/test_files.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using namespace std::string_literals;

class ReadImage : public ::testing::Test {
 protected:
  void expect_refused(const std::string& name, std::string_view reason) const {
    testing::expect_error(ErrorCode::kBadInput, {name, reason}, [&] { read_image(folder_.path() / name); });
  }
  void expect_content_refused(const std::string& name, const std::string& content, std::string_view reason) const {
    write_file(folder_.path() / name, content);
    expect_refused(name, reason);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ReadImage, LetsTheFirstBytesDecideNotTheName) {
  const std::vector<std::uint8_t> pixels{1, 2};
  write_png(folder_.path() / "picture.nii.gz", pixels, 2, 1);
  EXPECT_EQ(read_image(folder_.path() / "picture.nii.gz").format, ImageFormat::kPng);
  write_npy(folder_.path() / "array.jpg", std::vector<float>{1, 2}, std::vector<std::int64_t>{1, 2});
  EXPECT_EQ(read_image(folder_.path() / "array.jpg").format, ImageFormat::kNpy);
}

TEST_F(ReadImage, RefusesMissingAndEmptyFilesFoldersAndPipes) {
  expect_refused("missing.png", "no such file");
  std::filesystem::create_directory(folder_.path() / "folder.png");
  expect_refused("folder.png", "folder");
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe.png").c_str(), 0600), 0);
  expect_refused("pipe.png", "device");
  for (const char* name : {"empty.png", "empty.jpg", "empty.npy", "empty.nii", "empty.nii.gz"}) {
    expect_content_refused(name, "", "empty");
  }
}

TEST_F(ReadImage, RefusesMislabelledFilesOfEveryFormat) {
  for (const char* name : {"text.png", "text.jpg", "text.npy", "text.nii", "text.nii.gz"}) {
    expect_content_refused(name, "patient,age\n1,70\n", "format is not known");
  }
}

TEST_F(ReadImage, NamesForeignFormatsAndTheirRemedy) {
  expect_content_refused("a.dcm", std::string(128, '\0') + "DICM", "dcm2niix");
  expect_content_refused("a.h5", "\x89HDF\r\n\x1a\n", "HDF5");
  expect_content_refused("a.npz", "PK\x03\x04", "unpack");
  expect_content_refused("a.tif", "II*\0"s, "TIFF");
  expect_content_refused("a.gif", "GIF89a", "GIF");
  expect_content_refused("a.bmp", "BM1234", "BMP");
}

TEST_F(ReadImage, RefusesNonFinitePixels) {
  const std::vector<float> values{0, 1, INFINITY, 3, NAN, 5};
  write_npy(folder_.path() / "a.npy", values, std::vector<std::int64_t>{2, 3});
  expect_refused("a.npy", "2 of its pixels are NaN or infinite, the first at column 2, row 0, slice 0");
}

TEST_F(ReadImage, RefusesDoublesBeyondFloat) {
  const std::string head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }";
  const double values[] = {1.0, 1e300};
  const std::string file = "\x93NUMPY\x01\0"s + static_cast<char>(head.size()) + '\0' + head +
                           std::string(reinterpret_cast<const char*>(values), sizeof(values));
  expect_content_refused("a.npy", file, "infinite");
}

TEST_F(ReadImage, ReadsAOnePixelPicture) {
  write_png(folder_.path() / "one.png", std::vector<std::uint8_t>{9}, 1, 1);
  EXPECT_EQ(read_image(folder_.path() / "one.png").pixels, std::vector<float>{9});
}

}  // namespace
}  // namespace ra

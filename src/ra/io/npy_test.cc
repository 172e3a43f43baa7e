#include "ra/io/npy.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>

#include "ra/base/atomic_file.h"
#include "ra/io/read_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;

// A .npy file of version 1 (2-byte header length) or 2 and 3 (4-byte length).
std::string npy_bytes(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += {static_cast<char>(version), '\0'};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file.push_back(static_cast<char>(header.size() >> (8 * i)));
  return file + header + data;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

class Npy : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& bytes) const {
    write_file(folder_.path() / "a.npy", bytes);
    return folder_.path() / "a.npy";
  }
  void expect_refused(const std::string& bytes, std::string_view reason) const {
    expect_error(ErrorCode::kBadInput, {"a.npy", reason}, [&] { read_npy(file(bytes)); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Npy, ReadsEveryNumberTypeInBothByteOrders) {
  using namespace std::string_literals;
  const auto one_and_two = [&](const std::string& descr, const std::string& data) {
    EXPECT_THAT(read_npy(file(npy_bytes(header(descr, "(2,)"), data))).as_doubles(), ElementsAre(1.0, 2.0)) << descr;
  };
  one_and_two("|u1", "\1\2"s);
  one_and_two("|i1", "\1\2"s);
  one_and_two("<i2", "\1\0\2\0"s);
  one_and_two(">i2", "\0\1\0\2"s);
  one_and_two(">u4", "\0\0\0\1\0\0\0\2"s);
  one_and_two("<u8", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"s);
  one_and_two(">i8", "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2"s);
  one_and_two("<f2", "\0\x3c\0\x40"s);
  one_and_two(">f4", "\x3f\x80\0\0\x40\0\0\0"s);
  one_and_two("<f8", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40"s);
  EXPECT_THAT(read_npy(file(npy_bytes(header("|b1", "(2,)"), "\0\1"s))).as_floats(), ElementsAre(0, 1));
  EXPECT_THAT(read_npy(file(npy_bytes(header("|i1", "(1,)"), "\xff"s))).as_floats(), ElementsAre(-1));
}

TEST_F(Npy, ReadsHalfPrecision) {
  using namespace std::string_literals;
  const std::string data = "\0\xc0\1\0\xff\x7b\0\x7c"s;  // -2, the least positive, the greatest, infinity
  EXPECT_THAT(read_npy(file(npy_bytes(header("<f2", "(4,)"), data))).as_doubles(),
              ElementsAre(-2.0, std::ldexp(1.0, -24), 65504.0, INFINITY));
}

TEST_F(Npy, ReadsFortranOrder) {
  const NpyArray array = read_npy(file(npy_bytes(header("|u1", "(2, 3)", "True"), "\1\4\2\5\3\6")));
  EXPECT_THAT(array.as_floats(), ElementsAre(1, 2, 3, 4, 5, 6));
  const NpyArray cube = read_npy(file(npy_bytes(header("|u1", "(2, 1, 3)", "True"), "\1\4\2\5\3\6")));
  EXPECT_THAT(cube.as_floats(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(Npy, ReadsEveryVersionAndSpelling) {
  EXPECT_THAT(read_npy(file(npy_bytes(header("|u1", "(2,)"), "\1\2", 2))).shape, ElementsAre(2));
  EXPECT_THAT(read_npy(file(npy_bytes(header("|u1", "(2,)"), "\1\2", 3))).shape, ElementsAre(2));
  const std::string python2 = "{\"shape\": (1L, 2L), \"fortran_order\": False, \"descr\": \"|u1\"}";
  EXPECT_THAT(read_npy(file(npy_bytes(python2, "\1\2"))).shape, ElementsAre(1, 2));
  EXPECT_EQ(read_npy(file(npy_bytes(header("|u1", "()"), "\7"))).size(), 1);
  EXPECT_EQ(read_npy(file(npy_bytes(header("|u1", "(0, 5)"), ""))).size(), 0);
}

TEST_F(Npy, GivesBackWhatWasWritten) {
  const std::vector<float> values{0.5f, -1.25f, 3e-9f, 7, 8, 9};
  const std::vector<std::int64_t> shape{2, 3};
  const std::filesystem::path path = folder_.path() / "w.npy";
  write_npy(path, values, shape);
  const NpyArray array = read_npy(path);
  EXPECT_EQ(array.dtype, "f4");
  EXPECT_EQ(array.shape, shape);
  EXPECT_EQ(array.as_floats(), values);
  const std::string text = read_text_file(path);
  EXPECT_EQ((text.size() - 24) % 64, 0U);  // NumPy's alignment

  const std::vector<std::uint8_t> codes{1, 2, 255};
  write_npy(path, codes, std::vector<std::int64_t>{3});
  EXPECT_THAT(read_npy(path).as_floats(), ElementsAre(1, 2, 255));
}

TEST_F(Npy, RefusesOtherTypes) {
  for (const char* descr : {"|O", "<U3", "<c8", "<f16", "<M8[s]", "u1", "<i3", "|b2", "<f"}) {
    expect_refused(npy_bytes(header(descr, "(1,)"), std::string(64, '\0')), "its NPY type");
  }
  expect_refused(npy_bytes("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", "    "),
                 "named columns");
}

TEST_F(Npy, RefusesBrokenHeaders) {
  for (const char* text : {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
                           "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), 'more': 1}",
                           "{'descr': '<f4', 'fortran_order': True, 'shape': (-1,)}",
                           "{'descr': '<f4', 'fortran_order': True, 'shape': 5}", "{'descr': '<f4"}) {
    expect_refused(npy_bytes(text, "    "), "NPY header is broken");
  }
  expect_refused(npy_bytes(header("<f4", "(99999999999999999999,)"), ""), "overflows");
  expect_refused(npy_bytes(header("<f4", "(1,)"), "    ", 4), "version 4");
  expect_refused("not an array at all", "no NPY file");
}

TEST_F(Npy, RefusesTruncatedFilesAtEveryLength) {
  const std::string whole = npy_bytes(header("<f4", "(2,)"), std::string(8, '\0'));
  for (std::size_t length = 6; length < whole.size(); ++length) expect_refused(whole.substr(0, length), "truncated");
}

TEST_F(Npy, ChecksSizesBeforeItTakesMemory) {
  expect_refused(npy_bytes(header("<f8", "(20000, 20000)"), ""), "truncated");
  expect_refused(npy_bytes(header("<f8", "(4294967296, 4294967296)"), ""), "beyond");
  expect_refused(npy_bytes(header("|u1", "(9223372036854775807, 2)"), ""), "beyond");
}

TEST_F(Npy, BecomesAPictureAColourPictureOrAVolume) {
  const Image picture = read_image(file(npy_bytes(header("<u2", "(1, 2)"), std::string("\1\0\0\1", 4))));
  EXPECT_EQ(picture.format, ImageFormat::kNpy);
  EXPECT_EQ(picture.pixel_type, PixelType::kUint16);
  EXPECT_THAT(picture.pixels, ElementsAre(1, 256));
  EXPECT_FALSE(picture.is_volume());
  const Image with_alpha = read_image(file(npy_bytes(header("|u1", "(1, 2, 4)"), "\1\2\3\4\5\6\7\10")));
  EXPECT_EQ(with_alpha.channels, 3);
  EXPECT_THAT(with_alpha.pixels, ElementsAre(1, 2, 3, 5, 6, 7));
  const Image gray_alpha = read_image(file(npy_bytes(header("|u1", "(1, 2, 2)"), "\1\2\3\4")));
  EXPECT_EQ(gray_alpha.channels, 1);
  EXPECT_THAT(gray_alpha.pixels, ElementsAre(1, 3));
  const Image volume = read_image(file(npy_bytes(header("|u1", "(2, 1, 5)"), "\1\2\3\4\5\6\7\10\11\12")));
  EXPECT_TRUE(volume.is_volume());
  EXPECT_EQ(volume.slices, 2);
  EXPECT_EQ(volume.columns, 5);
  EXPECT_FALSE(volume.world_from_voxel);
}

TEST_F(Npy, RefusesShapesThatAreNoImage) {
  const auto refused = [&](const std::string& shape, std::size_t bytes, std::string_view reason) {
    const std::string npy = npy_bytes(header("|u1", shape), std::string(bytes, '\1'));
    expect_error(ErrorCode::kBadInput, {"a.npy", reason}, [&] { read_image(file(npy)); });
  };
  refused("(4,)", 4, "reshape");
  refused("()", 1, "reshape");
  refused("(1, 1, 2, 2)", 4, "reshape");
  refused("(0, 3)", 0, "no pixels");
  refused("(2, 3, 0)", 0, "no pixels");
}

}  // namespace
}  // namespace ra

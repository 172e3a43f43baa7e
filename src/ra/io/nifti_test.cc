#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "ra/base/atomic_file.h"
#include "ra/image/orientation.h"
#include "ra/io/read_image.h"
#include "ra/io/test_files.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::ElementsAre;
using testing::gzip;
using testing::NiftiBytes;

constexpr int kUint8 = 2, kInt16 = 4, kFloat = 16;

class NiftiReader : public ::testing::Test {
 protected:
  Image read(const std::string& bytes, const char* name = "a.nii") const {
    write_file(folder_.path() / name, bytes);
    return read_image(folder_.path() / name);
  }
  void expect_refused(const std::string& bytes, std::string_view reason) const {
    testing::expect_error(ErrorCode::kBadInput, {"a.nii", reason}, [&] { read(bytes); });
  }
  // Two voxels 1 and 2 of the given type.
  template <class Number>
  void expect_type(int datatype, PixelType type) const {
    for (const int version : {1, 2}) {
      for (const bool big_endian : {false, true}) {
        NiftiBytes file(version, {2, 1, 1}, datatype, big_endian);
        file.add(Number{1});
        file.add(Number{2});
        const Image image = read(file.bytes());
        EXPECT_THAT(image.pixels, ElementsAre(1, 2)) << datatype;
        EXPECT_EQ(image.pixel_type, type);
      }
    }
  }
  static NiftiBytes four_voxels(int version = 1) {
    NiftiBytes file(version, {2, 2, 1}, kUint8);
    for (std::uint8_t v = 1; v <= 4; ++v) file.add(v);
    return file;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(NiftiReader, ReadsEveryRealTypeInBothVersionsAndByteOrders) {
  expect_type<std::uint8_t>(2, PixelType::kUint8);
  expect_type<std::int16_t>(4, PixelType::kOther);
  expect_type<std::int32_t>(8, PixelType::kOther);
  expect_type<float>(16, PixelType::kFloat);
  expect_type<double>(64, PixelType::kFloat);
  expect_type<std::int8_t>(256, PixelType::kOther);
  expect_type<std::uint16_t>(512, PixelType::kUint16);
  expect_type<std::uint32_t>(768, PixelType::kOther);
  expect_type<std::int64_t>(1024, PixelType::kOther);
  expect_type<std::uint64_t>(1280, PixelType::kOther);
}

TEST_F(NiftiReader, HasColumnsFastest) {
  NiftiBytes file(1, {3, 2, 2}, kUint8);
  for (std::uint8_t v = 0; v < 12; ++v) file.add(v);
  const Image image = read(file.bytes());
  EXPECT_EQ(image.columns, 3);
  EXPECT_EQ(image.rows, 2);
  EXPECT_EQ(image.slices, 2);
  EXPECT_EQ(image.pixels[3 * 2 * 1 + 3 * 1 + 2], 11.0f);
  EXPECT_TRUE(image.is_volume());
}

TEST_F(NiftiReader, AppliesSlopeAndIntercept) {
  for (const int version : {1, 2}) {
    NiftiBytes file(version, {2, 1, 1}, kInt16);
    file.put_real(112, 176, 0.5);
    file.put_real(116, 184, -3.0);
    file.add(std::int16_t{-10});
    file.add(std::int16_t{20});
    EXPECT_THAT(read(file.bytes()).pixels, ElementsAre(-8, 7));
    file.put_real(112, 176, 0.0);  // slope 0: not scaled
    EXPECT_THAT(read(file.bytes()).pixels, ElementsAre(-10, 20));
    file.put_real(112, 176, NAN);
    EXPECT_THAT(read(file.bytes()).pixels, ElementsAre(-10, 20));
    file.put_real(112, 176, 1.0);
    file.put_real(116, 184, INFINITY);
    expect_refused(file.bytes(), "scl_inter");
  }
}

TEST_F(NiftiReader, PrefersSformThenQformThenVoxelSizes) {
  for (const int version : {1, 2}) {
    NiftiBytes file = four_voxels(version);
    file.put_real(80, 112, 2.0);
    file.put_real(84, 120, -3.0);
    // Without forms: columns run to the left, the centre is the origin.
    EXPECT_THAT(read(file.bytes()).world_from_voxel->at(0), ElementsAre(-2, 0, 0, 1));
    EXPECT_THAT(read(file.bytes()).world_from_voxel->at(1), ElementsAre(0, 3, 0, -1.5));
    // qform: a quarter turn about z, third axis reversed.
    if (version == 1) {
      file.put(252, std::int16_t{1});
    } else {
      file.put(344, std::int32_t{1});
    }
    file.put_real(76, 104, -1.0);
    file.put_real(264, 368, std::sqrt(0.5));
    file.put_real(268, 376, 10.0);
    const Affine turned = *read(file.bytes()).world_from_voxel;
    EXPECT_NEAR(turned[1][0], 2.0, 1e-6);
    EXPECT_NEAR(turned[0][1], -3.0, 1e-6);
    EXPECT_NEAR(turned[2][2], -1.0, 1e-6);
    EXPECT_EQ(turned[0][3], 10.0);
    file.set_sform({{0, 0, 4, 1}, {5, 0, 0, 2}, {0, 6, 0, 3}});
    EXPECT_THAT(*read(file.bytes()).spacing_mm(), ElementsAre(5, 6, 4));
    EXPECT_THAT(read(file.bytes()).world_from_voxel->at(2), ElementsAre(0, 6, 0, 3));
  }
}

TEST_F(NiftiReader, ConvertsMetresAndMicrometres) {
  NiftiBytes file = four_voxels();
  file.put(123, char{3});
  EXPECT_NEAR(read(file.bytes()).spacing_mm()->at(0), 0.001, 1e-9);
  file.put(123, char{1 + 8});  // metres and seconds
  EXPECT_NEAR(read(file.bytes()).spacing_mm()->at(0), 1000.0, 1e-9);
}

TEST_F(NiftiReader, ReadsGzipWithSeveralMembersAndTrailingBytes) {
  const std::string plain = four_voxels().bytes();
  EXPECT_THAT(read(gzip(plain), "a.nii.gz").pixels, ElementsAre(1, 2, 3, 4));
  const std::string members = gzip(plain.substr(0, 100)) + gzip(plain.substr(100, 253)) + gzip(plain.substr(353));
  EXPECT_THAT(read(members, "misnamed.png").pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read(gzip(plain) + "rubbish").pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read(plain + "rubbish").pixels, ElementsAre(1, 2, 3, 4));
}

TEST_F(NiftiReader, SkipsExtensions) {
  NiftiBytes file(1, {1, 1, 2}, kUint8);
  file.put(108, 368.0f);
  file.bytes() += std::string(16, 'e');
  file.add(std::uint8_t{7});
  file.add(std::uint8_t{9});
  EXPECT_THAT(read(file.bytes()).pixels, ElementsAre(7, 9));
  for (const float offset : {100.0f, -5.0f, 1e12f, std::numeric_limits<float>::quiet_NaN()}) {
    file.put(108, offset);
    expect_refused(file.bytes(), "start at byte");
  }
}

TEST_F(NiftiReader, RejectsTruncatedFilesAtEveryLength) {
  for (const int version : {1, 2}) {
    const std::string whole = four_voxels(version).bytes();
    for (std::size_t length = 4; length < whole.size(); ++length) expect_refused(whole.substr(0, length), "truncated");
    const std::string packed = gzip(whole);
    for (std::size_t length = 2; length < packed.size(); ++length) expect_refused(packed.substr(0, length), "");
  }
}

TEST_F(NiftiReader, RejectsDamagedGzip) {
  NiftiBytes file(1, {8, 8, 8}, kUint8);
  for (int i = 0; i < 512; ++i) file.add(static_cast<std::uint8_t>(i * 37));
  std::string packed = gzip(file.bytes());
  packed[packed.size() - 6] ^= 1;  // the checksum
  expect_refused(packed, "gzip data are broken");
  expect_refused(gzip("no volume at all"), "no NIfTI volume");
  expect_refused("\x1f\x8b rubbish", "");
}

TEST_F(NiftiReader, StopsAGzipBombAtTheSizeOfTheVolume) {
  const std::string bomb = gzip(four_voxels().bytes() + std::string(std::size_t{64} << 20, '\0'));
  EXPECT_THAT(read(bomb).pixels, ElementsAre(1, 2, 3, 4));
}

TEST_F(NiftiReader, ChecksSizesBeforeItTakesMemory) {
  NiftiBytes large = NiftiBytes(1, {20000, 20000, 1}, kFloat);
  expect_refused(large.bytes(), "truncated");
  expect_refused(gzip(large.bytes()), "truncated");
  expect_refused(NiftiBytes(1, {32767, 32767, 32767}, kFloat).bytes(), "beyond");
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  expect_refused(NiftiBytes(2, {kHuge, kHuge, 2}, kUint8).bytes(), "beyond");
  expect_refused(NiftiBytes(2, {std::int64_t{1} << 32, std::int64_t{1} << 32, 1}, kUint8).bytes(), "beyond");
}

TEST_F(NiftiReader, RejectsBrokenDimensions) {
  for (const std::int64_t size : {0, -4}) {
    expect_refused(NiftiBytes(1, {2, size, 1}, kUint8).bytes(), "no pixels");
  }
  for (const std::int16_t axes : {0, 8, -1}) {
    NiftiBytes file = four_voxels();
    file.put(40, axes);
    expect_refused(file.bytes(), "dimensions");
  }
}

TEST_F(NiftiReader, RejectsSeriesColoursAndPairsWithARemedy) {
  expect_refused(NiftiBytes(1, {2, 2, 2, 3}, kUint8).bytes(), "2 x 2 x 2 x 3");
  expect_refused(NiftiBytes(1, {2, 2, 2, 3}, kUint8).bytes(), "take one volume");
  expect_refused(NiftiBytes(1, {2, 2, 2}, 128).bytes(), "colours");
  expect_refused(NiftiBytes(1, {2, 2, 2}, 32).bytes(), "float32");
  NiftiBytes pair = four_voxels();
  pair.bytes().replace(344, 4, std::string("ni1\0", 4));
  expect_refused(pair.bytes(), ".hdr/.img pair");
  pair.bytes().replace(344, 4, std::string(4, '\0'));
  expect_refused(pair.bytes(), "one .nii file");
  // Trailing axes of size 1 are no series.
  NiftiBytes single(1, {2, 1, 1, 1, 1}, kUint8);
  single.add(std::uint8_t{1});
  single.add(std::uint8_t{2});
  EXPECT_THAT(read(single.bytes()).pixels, ElementsAre(1, 2));
}

TEST_F(NiftiReader, RejectsUnusableGeometry) {
  NiftiBytes file = four_voxels();
  file.set_sform({{1, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}});
  expect_refused(file.bytes(), "sform");
  file.set_sform({{1, 0, 0, NAN}, {0, 1, 0, 0}, {0, 0, 1, 0}});
  expect_refused(file.bytes(), "sform");
  NiftiBytes turned = four_voxels();
  turned.put(252, std::int16_t{1});
  turned.put(256, 1.5f);
  expect_refused(turned.bytes(), "quaternion");
}

TEST_F(NiftiReader, RejectsNonFiniteVoxels) {
  NiftiBytes file(1, {2, 2, 1}, kFloat);
  for (const float v : {1.0f, 2.0f, 3.0f, NAN}) file.add(v);
  expect_refused(file.bytes(), "1 of its pixels are NaN or infinite, the first at column 1, row 1, slice 0");
}

class NiftiWriter : public ::testing::TestWithParam<const char*> {};

TEST_P(NiftiWriter, GivesBackPixelsAndGeometry) {
  const testing::TemporaryFolder folder;
  const double c = std::cos(0.3), s = std::sin(0.3);
  const std::vector<Affine> geometries{
      {{{2 * c, -s, 0, -3}, {2 * s, c, 0, 4}, {0, 0, 1.5, 5}, {0, 0, 0, 1}}},
      {{{-1, 0, 0, 7}, {0, 0, 2, 0}, {0, -1, 0, 0}, {0, 0, 0, 1}}},
      {{{0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 3, 0}, {0, 0, 0, 1}}},  // a reflection
  };
  for (const Affine& affine : geometries) {
    Image image{.columns = 3,
                .rows = 2,
                .slices = 2,
                .channels = 1,
                .pixels = {0.5f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11.25f},
                .format = ImageFormat::kNifti,
                .pixel_type = PixelType::kFloat,
                .world_from_voxel = affine};
    const std::filesystem::path path = folder.path() / GetParam();
    write_nifti(path, image);
    Image back = read_image(path);
    EXPECT_EQ(back.pixels, image.pixels);
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) EXPECT_NEAR((*back.world_from_voxel)[i][j], affine[i][j], 1e-6);
    }
    // The qform alone says the same.
    if (path.extension() != ".nii") continue;
    std::string bytes = read_text_file(path);
    bytes.replace(254, 2, std::string(2, '\0'));
    write_file(path, bytes);
    back = read_image(path);
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) EXPECT_NEAR((*back.world_from_voxel)[i][j], affine[i][j], 2e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(PlainAndPacked, NiftiWriter, ::testing::Values("w.nii", "w.nii.gz"));

TEST(NiftiWriterOfPictures, UsesTheIdentityWithoutGeometry) {
  const testing::TemporaryFolder folder;
  const Image picture{.columns = 2,
                      .rows = 1,
                      .slices = 1,
                      .channels = 1,
                      .pixels = {1, 2},
                      .format = ImageFormat::kPng,
                      .pixel_type = PixelType::kFloat,
                      .world_from_voxel = std::nullopt};
  write_nifti(folder.path() / "p.nii", picture);
  const Image back = read_image(folder.path() / "p.nii");
  EXPECT_THAT(back.world_from_voxel->at(0), ElementsAre(1, 0, 0, 0));
  EXPECT_EQ(back.pixels, picture.pixels);
}

}  // namespace
}  // namespace ra

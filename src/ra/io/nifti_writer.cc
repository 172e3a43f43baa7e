#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/image/orientation.h"
#include "ra/io/write_image.h"

namespace ra {
namespace {

constexpr std::size_t kDataOffset = 352;
constexpr Affine kIdentity{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
constexpr std::int16_t kFloat32 = 16;
constexpr std::int16_t kScannerFrame = 1;
constexpr char kMillimetres = 2;

using HeaderBytes = std::array<std::byte, kDataOffset>;

template <class Number>
void put(HeaderBytes& bytes, std::size_t offset, Number value) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

void put_float(HeaderBytes& bytes, std::size_t offset, double value) { put(bytes, offset, static_cast<float>(value)); }

// (b, c, d) of the unit quaternion with a >= 0, from a proper rotation.
std::array<double, 3> quaternion(const Matrix3& r) {
  const double trace = r[0][0] + r[1][1] + r[2][2];
  if (trace > 0.0) {
    const double a = 0.5 * std::sqrt(1.0 + trace);
    return {0.25 * (r[2][1] - r[1][2]) / a, 0.25 * (r[0][2] - r[2][0]) / a, 0.25 * (r[1][0] - r[0][1]) / a};
  }
  // The largest of b, c, d first, so that no division is by a small number.
  const int i = r[0][0] > std::max(r[1][1], r[2][2]) ? 0 : r[1][1] > r[2][2] ? 1 : 2;
  const int j = (i + 1) % 3, k = (i + 2) % 3;
  std::array<double, 3> q{};
  q[i] = 0.5 * std::sqrt(1.0 + r[i][i] - r[j][j] - r[k][k]);
  q[j] = 0.25 * (r[i][j] + r[j][i]) / q[i];
  q[k] = 0.25 * (r[i][k] + r[k][i]) / q[i];
  const double a = 0.25 * (r[k][j] - r[j][k]) / q[i];
  if (a < 0.0) q = {-q[0], -q[1], -q[2]};
  return q;
}

void put_geometry(HeaderBytes& bytes, const Affine& affine, const std::array<double, 3>& spacing) {
  std::optional<Matrix3> rotation = closest_orthogonal(linear_part(affine));
  if (!rotation)
    throw Error(ErrorCode::kBadInput, "cannot write a NIfTI file: the axes of the geometry lie in one plane");
  const bool reflection = determinant(*rotation) < 0.0;
  for (int i = 0; reflection && i < 3; ++i) (*rotation)[i][2] = -(*rotation)[i][2];
  const std::array<double, 3> bcd = quaternion(*rotation);
  put_float(bytes, 76, reflection ? -1.0 : 1.0);
  put(bytes, 252, kScannerFrame);
  put(bytes, 254, kScannerFrame);
  for (std::size_t i = 0; i < 3; ++i) {
    put_float(bytes, 80 + 4 * i, spacing[i]);
    put_float(bytes, 256 + 4 * i, bcd[i]);
    put_float(bytes, 268 + 4 * i, affine[i][3]);
    for (std::size_t j = 0; j < 4; ++j) put_float(bytes, 280 + 16 * i + 4 * j, affine[i][j]);
  }
}

HeaderBytes header_of(const Image& image) {
  HeaderBytes bytes{};
  put(bytes, 0, std::int32_t{348});
  const std::array<std::int64_t, 4> dim{3, image.columns, image.rows, image.slices};
  for (std::size_t i = 0; i < 8; ++i) put(bytes, 40 + 2 * i, static_cast<std::int16_t>(i < 4 ? dim[i] : 1));
  for (std::size_t i = 4; i < 8; ++i) put_float(bytes, 76 + 4 * i, 1.0);
  put(bytes, 70, kFloat32);
  put(bytes, 72, std::int16_t{32});
  put_float(bytes, 108, kDataOffset);
  put_float(bytes, 112, 1.0);
  put(bytes, 123, kMillimetres);
  put_geometry(bytes, image.world_from_voxel.value_or(kIdentity),
               image.spacing_mm().value_or(std::array<double, 3>{1.0, 1.0, 1.0}));
  std::memcpy(bytes.data() + 344, "n+1", 4);
  return bytes;
}

// Writes the parts one after the other as one gzip member, without a time, so that equal content gives equal files.
void write_gzip(AtomicFile& file, std::span<const std::span<const std::byte>> parts) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("cannot start zlib");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, ::deflateEnd);
  std::vector<std::byte> out(std::size_t{1} << 18);
  const auto run = [&](std::span<const std::byte> in, int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      ::deflate(&stream, flush);
      file.write(std::span<const std::byte>(out).first(out.size() - stream.avail_out));
    } while (stream.avail_out == 0);
  };
  constexpr std::size_t kPiece = std::size_t{1} << 26;
  for (std::span<const std::byte> part : parts) {
    for (; !part.empty(); part = part.subspan(std::min(part.size(), kPiece))) {
      run(part.first(std::min(part.size(), kPiece)), Z_NO_FLUSH);
    }
  }
  run({}, Z_FINISH);
}

// std::logic_error for what is no NIfTI-1 volume.
HeaderBytes checked_header_of(const Image& image) {
  constexpr std::int64_t kMaxDim = std::numeric_limits<std::int16_t>::max();
  if (image.channels != 1 || std::max({image.columns, image.rows, image.slices}) > kMaxDim ||
      std::ssize(image.pixels) != image.columns * image.rows * image.slices) {
    throw std::logic_error(fmt::format("{} values are no {} x {} x {} NIfTI-1 volume of one channel",
                                       image.pixels.size(), image.columns, image.rows, image.slices));
  }
  return header_of(image);
}

}  // namespace

std::vector<std::byte> encode_nifti(const Image& image) {
  const HeaderBytes header = checked_header_of(image);
  const auto voxels = std::as_bytes(std::span(image.pixels));
  std::vector<std::byte> file(header.begin(), header.end());
  file.insert(file.end(), voxels.begin(), voxels.end());
  return file;
}

void write_nifti(const std::filesystem::path& path, const Image& image) {
  const HeaderBytes header = checked_header_of(image);
  const std::array<std::span<const std::byte>, 2> parts{std::span<const std::byte>(header),
                                                        std::as_bytes(std::span(image.pixels))};
  AtomicFile file(path);
  if (path.extension() == ".gz") {
    write_gzip(file, parts);
  } else {
    for (const std::span<const std::byte> part : parts) file.write(part);
  }
  file.commit();
}

}  // namespace ra

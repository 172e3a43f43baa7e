#include <algorithm>

#include "ra/io/byte_stream.h"
#include "ra/io/file_error.h"
#include "ra/io/formats.h"
#include "ra/io/nifti_header.h"

namespace ra {
namespace {

constexpr std::int64_t kPieceVoxels = std::int64_t{1} << 17;

NiftiHeader read_header(ByteStream& stream) {
  std::vector<std::byte> bytes(4);
  stream.read(bytes, "its NIfTI header");
  const std::size_t size = nifti_header_bytes(bytes);
  if (size == 0) {
    refuse_file(stream.path(), "it is a gzip file that holds no NIfTI volume; unpack it, or give a .nii.gz file");
  }
  bytes.resize(size);
  stream.read(std::span(bytes).subspan(4), "its NIfTI header");
  return parse_nifti_header(stream.path(), bytes);
}

// Voxels as numbers, piece by piece, so that the stored form of a whole volume never lies beside them.
std::vector<float> read_voxels(ByteStream& stream, const NiftiHeader& header, std::int64_t count) {
  const bool scaled = header.slope != 1.0 || header.intercept != 0.0;
  std::vector<float> voxels(static_cast<std::size_t>(count));
  std::vector<std::byte> raw;
  std::vector<double> exact;
  for (std::int64_t done = 0; done < count;) {
    const auto piece = static_cast<std::size_t>(std::min(kPieceVoxels, count - done));
    raw.resize(piece * static_cast<std::size_t>(header.type.bytes));
    stream.read(raw, "its volume");
    if (header.swapped) swap_bytes(raw, header.type.bytes);
    float* out = voxels.data() + done;
    if (scaled) {
      exact.resize(piece);
      convert(std::span<const std::byte>(raw), header.type, exact.data());
      for (std::size_t i = 0; i < piece; ++i) out[i] = static_cast<float>(exact[i] * header.slope + header.intercept);
    } else {
      convert(std::span<const std::byte>(raw), header.type, out);
    }
    done += static_cast<std::int64_t>(piece);
  }
  return voxels;
}

}  // namespace

bool is_nifti(std::span<const std::byte> head) {
  const bool gzip = head.size() >= 2 && head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b};
  return gzip || nifti_header_bytes(head) != 0;
}

Image read_nifti(const std::filesystem::path& path) {
  ByteStream stream(path);
  const NiftiHeader header = read_header(stream);
  const std::int64_t count = header.size[0] * header.size[1] * header.size[2];
  stream.skip(header.data_offset - stream.position(), "its NIfTI header");
  stream.require(count * header.type.bytes, "its volume");
  Image image{.columns = header.size[0],
              .rows = header.size[1],
              .slices = header.size[2],
              .channels = 1,
              .pixels = read_voxels(stream, header, count),
              .format = ImageFormat::kNifti,
              .pixel_type = pixel_type(header.type),
              .world_from_voxel = header.world_from_voxel};
  stream.finish();
  return image;
}

}  // namespace ra

#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/io/file_error.h"
#include "ra/io/formats.h"

namespace ra {
namespace {

constexpr std::size_t kMaxFileSize = std::size_t{1} << 30;

[[noreturn]] void refuse(tjhandle decoder, const std::filesystem::path& path) {
  const std::string_view reason = tjGetErrorStr2(decoder);
  if (reason.find("Premature end") != std::string_view::npos) refuse_truncated(path, "its JPEG data");
  refuse_file(path, fmt::format("its JPEG data are broken or of a rare kind ({}); save it again", reason));
}

}  // namespace

bool is_jpeg(std::span<const std::byte> head) {
  return head.size() >= 3 && head[0] == std::byte{0xff} && head[1] == std::byte{0xd8} && head[2] == std::byte{0xff};
}

Image read_jpeg(const std::filesystem::path& path) {
  const std::vector<std::byte> file = read_file(path, kMaxFileSize);
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
  const auto length = static_cast<unsigned long>(file.size());
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  int columns = 0, rows = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), bytes, length, &columns, &rows, &subsampling, &colours) != 0) {
    refuse(decoder.get(), path);
  }
  if (columns == 0 || rows == 0) refuse_truncated(path, "its JPEG header");  // tables alone are no error to turbojpeg
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) refuse_file(path, "it is a CMYK JPEG; convert it to gray or RGB");
  const std::int64_t channels = colours == TJCS_GRAY ? 1 : 3;
  check_picture_size(path, columns, rows, channels);

  std::vector<unsigned char> raw(static_cast<std::size_t>(columns * rows * channels));
  // Stops at a warning: libjpeg fills what is missing of a truncated file with gray, and only warns.
  if (tjDecompress2(decoder.get(), bytes, length, raw.data(), columns, 0, rows, channels == 1 ? TJPF_GRAY : TJPF_RGB,
                    TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
    refuse(decoder.get(), path);
  }
  return {.columns = columns,
          .rows = rows,
          .slices = 1,
          .channels = channels,
          .pixels = {raw.begin(), raw.end()},
          .format = ImageFormat::kJpeg,
          .pixel_type = PixelType::kUint8,
          .world_from_voxel = std::nullopt};
}

}  // namespace ra

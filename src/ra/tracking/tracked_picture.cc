#include "ra/tracking/tracked_picture.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"

namespace ra {
namespace {

// A PNG begins with its signature and the IHDR chunk: length, "IHDR", width, height, bit depth, colour type.
constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kWidthAt = 16, kHeightAt = 20, kColorTypeAt = 25, kHeaderEnd = 29;

int big_endian(std::string_view bytes, std::size_t at) {
  int value = 0;
  for (std::size_t k = 0; k < 4; ++k) value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

int channels_of(int color_type) {
  switch (color_type) {
    case 0:
      return 1;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 3;  // colour, or a palette
  }
}

}  // namespace

TrackedPicture read_tracked_picture(const std::string& name, const std::filesystem::path& path) {
  TrackedPicture picture;
  picture.name = name;
  picture.png = read_text_file(path);
  if (picture.png.size() < kHeaderEnd || !picture.png.starts_with(kSignature)) {
    throw Error(ErrorCode::kBadInput, fmt::format("'{}' is no PNG picture", path.string()));
  }
  picture.sha256 = sha256_hex(std::as_bytes(std::span(picture.png)));
  picture.width = big_endian(picture.png, kWidthAt);
  picture.height = big_endian(picture.png, kHeightAt);
  picture.channels = channels_of(picture.png[kColorTypeAt]);
  return picture;
}

}  // namespace ra

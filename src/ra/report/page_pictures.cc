#include "ra/report/page_pictures.h"

#include <turbojpeg.h>

#include <algorithm>
#include <memory>

#include "ra/base/error.h"
#include "ra/io/read_image.h"

namespace ra {

std::vector<std::byte> picture_as_jpeg(const std::filesystem::path& path, int quality) {
  const Image image = read_image(path);
  if (image.is_volume() || image.pixel_type != PixelType::kUint8) {
    throw Error(ErrorCode::kBadInput, "'" + path.string() + "' is no picture of 8 bits a channel");
  }
  std::vector<unsigned char> pixels(image.pixels.size());
  std::transform(image.pixels.begin(), image.pixels.end(), pixels.begin(),
                 [](float value) { return static_cast<unsigned char>(value); });
  const std::unique_ptr<void, int (*)(tjhandle)> encoder(tjInitCompress(), tjDestroy);
  unsigned char* coded = nullptr;
  unsigned long size = 0;
  const bool gray = image.channels == 1;
  const int failed =
      tjCompress2(encoder.get(), pixels.data(), static_cast<int>(image.columns), 0, static_cast<int>(image.rows),
                  gray ? TJPF_GRAY : TJPF_RGB, &coded, &size, gray ? TJSAMP_GRAY : TJSAMP_444, quality, TJFLAG_FASTDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(coded, tjFree);
  if (failed != 0)
    throw Error(ErrorCode::kBadInput, "cannot encode '" + path.string() + "': " + tjGetErrorStr2(encoder.get()));
  const auto* bytes = reinterpret_cast<const std::byte*>(coded);
  return {bytes, bytes + size};
}

}  // namespace ra

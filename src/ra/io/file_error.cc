#include "ra/io/file_error.h"

#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/io/read_image.h"

namespace ra {

void refuse_file(const std::filesystem::path& path, std::string_view reason) {
  throw Error(ErrorCode::kBadInput, fmt::format("cannot read '{}': {}", path.string(), reason));
}

void refuse_truncated(const std::filesystem::path& path, std::string_view what) {
  refuse_file(path, fmt::format("it is truncated, {} is incomplete; copy or download it again", what));
}

void check_volume_size(const std::filesystem::path& path, std::int64_t columns, std::int64_t rows, std::int64_t slices,
                       std::int64_t channels) {
  std::int64_t pixels = 1;
  for (const std::int64_t size : {columns, rows, slices, channels}) {
    if (size < 1) {
      refuse_file(path, fmt::format("its size {} x {} x {} has no pixels; make the file again", columns, rows, slices));
    }
    if (size > kMaxPixels / pixels) {
      refuse_file(path, fmt::format("its size {} x {} x {} is beyond the {} pixels accepted; make it smaller, or "
                                    "make the file again if the size is wrong",
                                    columns, rows, slices, kMaxPixels));
    }
    pixels *= size;
  }
}

void check_picture_size(const std::filesystem::path& path, std::int64_t columns, std::int64_t rows,
                        std::int64_t channels) {
  if (columns > kMaxSide || rows > kMaxSide) {
    refuse_file(path, fmt::format("its size {} x {} is beyond the {} pixels a side accepted; make it smaller", columns,
                                  rows, kMaxSide));
  }
  check_volume_size(path, columns, rows, 1, channels);
}

}  // namespace ra

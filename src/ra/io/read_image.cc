#include "ra/io/read_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include "ra/io/file_error.h"
#include "ra/io/formats.h"

namespace ra {
namespace {

// As many first bytes as a format needs; fewer from a shorter file, none from one that cannot be read.
std::vector<std::byte> head_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> head(kHeadBytes);
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

std::vector<std::byte> read_head(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) refuse_file(path, "there is no such file; check the path");
  if (!std::filesystem::is_regular_file(status)) refuse_file(path, "it is a folder or a device; give an image file");
  if (!std::ifstream(path)) refuse_file(path, fmt::format("{}; check its permissions", std::strerror(errno)));
  return head_of(path);
}

void check_finite(const std::filesystem::path& path, const Image& image) {
  const auto bad = std::find_if_not(image.pixels.begin(), image.pixels.end(), [](float v) { return std::isfinite(v); });
  if (bad == image.pixels.end()) return;
  const std::int64_t position = (bad - image.pixels.begin()) / image.channels;
  const std::int64_t column = position % image.columns, row = position / image.columns % image.rows;
  const auto count = std::count_if(bad, image.pixels.end(), [](float v) { return !std::isfinite(v); });
  refuse_file(path, fmt::format("{} of its pixels are NaN or infinite, the first at column {}, row {}, slice {}; "
                                "replace them",
                                count, column, row, position / image.columns / image.rows));
}

}  // namespace

bool is_picture_file(const std::filesystem::path& path) {
  const std::vector<std::byte> head = head_of(path);
  return is_png(head) || is_jpeg(head);
}

Image read_image(const std::filesystem::path& path) {
  const std::vector<std::byte> head = read_head(path);
  if (head.empty()) refuse_file(path, "it is empty; copy or make it again");
  const Format* format = find_format(head);
  if (format == nullptr) refuse_file(path, fmt::format("its format is not known: {}", foreign_format_hint(head)));
  Image image = format->read(path);
  check_finite(path, image);
  return image;
}

}  // namespace ra

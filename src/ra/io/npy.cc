#include "ra/io/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "ra/base/atomic_file.h"
#include "ra/io/byte_stream.h"
#include "ra/io/file_error.h"
#include "ra/io/formats.h"
#include "ra/io/npy_header.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

constexpr std::size_t kAlignment = 64;
static_assert(std::endian::native == std::endian::little, "kFloat32 says little-endian");
constexpr std::string_view kFloat32 = "<f4";

// Items of an array with `shape`, at most kMaxPixels.
std::int64_t checked_size(const std::filesystem::path& path, const std::vector<std::int64_t>& shape) {
  std::int64_t items = 1;
  for (const std::int64_t size : shape) {
    if (size == 0) return 0;
    if (size > kMaxPixels / items) {
      refuse_file(path, fmt::format("its shape ({}) is beyond the {} items accepted; make it smaller",
                                    fmt::join(shape, ", "), kMaxPixels));
    }
    items *= size;
  }
  return items;
}

// First index fastest -> last index fastest.
std::vector<std::byte> to_c_order(const std::vector<std::byte>& data, const std::vector<std::int64_t>& shape,
                                  int width) {
  std::vector<std::byte> result(data.size());
  const std::size_t axes = shape.size(), bytes = static_cast<std::size_t>(width);
  std::vector<std::size_t> step(axes, bytes);  // of one axis in `data`
  for (std::size_t axis = 1; axis < axes; ++axis)
    step[axis] = step[axis - 1] * static_cast<std::size_t>(shape[axis - 1]);
  std::vector<std::int64_t> index(axes, 0);
  std::size_t from = 0;
  for (std::size_t to = 0; to < data.size(); to += bytes) {
    std::memcpy(result.data() + to, data.data() + from, bytes);
    for (std::size_t axis = axes; axis-- > 0;) {
      from += step[axis];
      if (++index[axis] < shape[axis]) break;
      from -= step[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

NumberType number_type(const std::string& dtype) { return {dtype[0], dtype[1] - '0'}; }

template <class Out>
std::vector<Out> converted(const NpyArray& array) {
  std::vector<Out> values(static_cast<std::size_t>(array.size()));
  convert(std::span(array.data), number_type(array.dtype), values.data());
  return values;
}

// What stands before the values.
std::string array_header(std::string_view descr, std::span<const std::int64_t> shape) {
  const std::string sizes = fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr, sizes);
  const std::size_t start = kNpyMagic.size() + 4;
  text.append(kAlignment - (start + text.size() + 1) % kAlignment, ' ').push_back('\n');
  std::string header(kNpyMagic.begin(), kNpyMagic.end());
  header += {1, 0, static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return header + text;
}

void write_array(const std::filesystem::path& path, std::string_view descr, std::span<const std::byte> bytes,
                 std::span<const std::int64_t> shape) {
  AtomicFile file(path);
  file.write(array_header(descr, shape));
  file.write(bytes);
  file.commit();
}

// Drops the alpha channel of interleaved pixels: 2 -> 1, 4 -> 3.
std::vector<float> without_alpha(const std::vector<float>& pixels, std::int64_t stored, std::int64_t kept) {
  std::vector<float> result;
  result.reserve(pixels.size() / static_cast<std::size_t>(stored) * static_cast<std::size_t>(kept));
  for (auto pixel = pixels.begin(); pixel != pixels.end(); pixel += stored) {
    result.insert(result.end(), pixel, pixel + kept);
  }
  return result;
}

}  // namespace

std::int64_t NpyArray::size() const {
  std::int64_t items = 1;
  for (const std::int64_t length : shape) items *= length;
  return items;
}

std::vector<double> NpyArray::as_doubles() const { return converted<double>(*this); }
std::vector<float> NpyArray::as_floats() const { return converted<float>(*this); }

NpyArray read_npy(const std::filesystem::path& path) {
  ByteStream stream(path);
  const NpyHeader header = read_npy_header(stream);
  const int width = header.type.bytes;
  const std::int64_t bytes = checked_size(path, header.shape) * width;
  stream.require(bytes, "its array");
  NpyArray array{fmt::format("{}{}", header.type.kind, width), header.shape, {}};
  array.data.resize(static_cast<std::size_t>(bytes));
  stream.read(array.data, "its array");
  const char other_order = std::endian::native == std::endian::little ? '>' : '<';
  if (header.byte_order == other_order) swap_bytes(array.data, width);
  if (header.fortran_order && array.shape.size() > 1) array.data = to_c_order(array.data, array.shape, width);
  return array;
}

void write_npy(const std::filesystem::path& path, std::span<const float> values, std::span<const std::int64_t> shape) {
  write_array(path, kFloat32, std::as_bytes(values), shape);
}

std::vector<std::byte> encode_npy(std::span<const float> values, std::span<const std::int64_t> shape) {
  const std::string header = array_header(kFloat32, shape);
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(header)), std::as_bytes(values)};
  std::vector<std::byte> file;
  file.reserve(parts[0].size() + parts[1].size());
  for (const auto part : parts) file.insert(file.end(), part.begin(), part.end());
  return file;
}

void write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
               std::span<const std::int64_t> shape) {
  write_array(path, "|u1", std::as_bytes(values), shape);
}

bool is_npy(std::span<const std::byte> head) {
  return head.size() >= kNpyMagic.size() && std::memcmp(head.data(), kNpyMagic.data(), kNpyMagic.size()) == 0;
}

Image read_npy_image(const std::filesystem::path& path) {
  const NpyArray array = read_npy(path);
  const std::vector<std::int64_t>& shape = array.shape;
  if (shape.size() != 2 && shape.size() != 3) {
    refuse_file(path, fmt::format("its shape ({}) is none of [rows,columns], [rows,columns,channels] and "
                                  "[slices,rows,columns]; reshape it",
                                  fmt::join(shape, ", ")));
  }
  const bool coloured = shape.size() == 3 && shape[2] <= 4;
  const bool volume = shape.size() == 3 && !coloured;
  const std::int64_t stored = coloured ? shape[2] : 1;
  Image image{.columns = shape[volume ? 2 : 1],
              .rows = shape[volume ? 1 : 0],
              .slices = volume ? shape[0] : 1,
              .channels = stored >= 3 ? 3 : 1,
              .pixels = {},
              .format = ImageFormat::kNpy,
              .pixel_type = pixel_type(number_type(array.dtype)),
              .world_from_voxel = std::nullopt};
  check_volume_size(path, image.columns, image.rows, image.slices, stored);
  image.pixels = array.as_floats();
  if (stored != image.channels) image.pixels = without_alpha(image.pixels, stored, image.channels);
  return image;
}

}  // namespace ra

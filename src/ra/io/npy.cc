#include "ra/io/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include "ra/base/atomic_file.h"
#include "ra/io/byte_stream.h"
#include "ra/io/file_error.h"
#include "ra/io/formats.h"
#include "ra/io/number_type.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

constexpr std::array<std::uint8_t, 6> kMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::uint32_t kMaxHeader = 64 << 10;
constexpr std::size_t kAlignment = 64;

struct NpyHeader {
  char byte_order = '<';  // '<', '>', '|' or '='
  NumberType type;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// Reads the header's Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, and nothing else.
class HeaderParser {
 public:
  HeaderParser(const std::filesystem::path& path, std::string_view text) : path_(path), rest_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    int seen = 0;
    expect('{');
    while (!take('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        seen |= 1;
        parse_dtype(header);
      } else if (key == "fortran_order") {
        seen |= 2;
        header.fortran_order = boolean();
      } else if (key == "shape") {
        seen |= 4;
        header.shape = tuple();
      } else {
        refuse(fmt::format("unknown key '{}'", key));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (seen != 7) refuse("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void refuse(std::string_view reason) const {
    refuse_file(path_, fmt::format("its NPY header is broken ({}); save it again with numpy.save", reason));
  }

  void skip_spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }

  bool take(char wanted) {
    skip_spaces();
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!take(wanted)) refuse(fmt::format("'{}' expected", wanted));
  }

  std::string_view quoted() {
    skip_spaces();
    const char quote = rest_.empty() ? ' ' : rest_[0];
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) refuse("a text in quotes expected");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool boolean() {
    skip_spaces();
    for (const std::string_view word : {"True", "False"}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return word == "True";
    }
    refuse("True or False expected");
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!take(')')) {
      skip_spaces();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size < 0) refuse("a size is no number, or overflows");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      take('L');  // Python 2 wrote long integers so
      sizes.push_back(size);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  void parse_dtype(NpyHeader& header) {
    skip_spaces();
    if (rest_.starts_with('[')) refuse_dtype("a table with named columns");
    const std::string_view text = quoted();
    constexpr std::string_view kOrders = "<>|=";
    if (text.size() < 3 || kOrders.find(text[0]) == std::string_view::npos) refuse_dtype(text);
    header.byte_order = text[0];
    header.type.kind = text[1];
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), header.type.bytes);
    if (error != std::errc() || end != text.data() + text.size() || !header.type.known()) refuse_dtype(text);
  }

  [[noreturn]] void refuse_dtype(std::string_view text) const {
    refuse_file(path_, fmt::format("its NPY type is {}, not bool, integer or float of up to 8 bytes; convert it with "
                                   "numpy.ndarray.astype",
                                   text));
  }

  const std::filesystem::path& path_;
  std::string_view rest_;
};

NpyHeader read_header(ByteStream& stream) {
  std::array<std::byte, 8> start{};
  stream.read(start, "its NPY header");
  if (std::memcmp(start.data(), kMagic.data(), kMagic.size()) != 0) {
    refuse_file(stream.path(), "it is no NPY file; save it with numpy.save");
  }
  const int version = std::to_integer<int>(start[6]);
  if (version < 1 || version > 3) {
    refuse_file(stream.path(), fmt::format("it has NPY version {}, but 1 to 3 are known; save it again", version));
  }
  std::array<std::byte, 4> length_bytes{};
  stream.read(std::span(length_bytes).first(version == 1 ? 2 : 4), "its NPY header");
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length |= std::to_integer<std::uint32_t>(length_bytes[i]) << (8 * i);
  if (length > kMaxHeader) refuse_file(stream.path(), "its NPY header is too long; save it again with numpy.save");
  std::string text(length, ' ');
  stream.read(std::as_writable_bytes(std::span(text)), "its NPY header");
  return HeaderParser(stream.path(), text).parse();
}

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
std::vector<std::byte> to_c_order(const std::vector<std::byte>& data, const std::vector<std::int64_t>& shape, int width) {
  std::vector<std::byte> result(data.size());
  const std::size_t axes = shape.size(), bytes = static_cast<std::size_t>(width);
  std::vector<std::size_t> step(axes, bytes);  // of one axis in `data`
  for (std::size_t axis = 1; axis < axes; ++axis) step[axis] = step[axis - 1] * static_cast<std::size_t>(shape[axis - 1]);
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

void write_array(const std::filesystem::path& path, std::string_view descr, std::span<const std::byte> bytes,
                 std::span<const std::int64_t> shape) {
  const std::string sizes = fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr, sizes);
  const std::size_t start = kMagic.size() + 4;
  text.append(kAlignment - (start + text.size() + 1) % kAlignment, ' ').push_back('\n');
  const std::array<std::uint8_t, 4> version_and_length{1, 0, static_cast<std::uint8_t>(text.size() & 255),
                                                       static_cast<std::uint8_t>(text.size() >> 8)};
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(kMagic)));
  file.write(std::as_bytes(std::span(version_and_length)));
  file.write(text);
  file.write(bytes);
  file.commit();
}

PixelType pixel_type(const NumberType& type) {
  if (type.kind == 'f') return PixelType::kFloat;
  if (type.kind == 'u' && type.bytes == 1) return PixelType::kUint8;
  if (type.kind == 'u' && type.bytes == 2) return PixelType::kUint16;
  return PixelType::kOther;
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
  const NpyHeader header = read_header(stream);
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
  static_assert(std::endian::native == std::endian::little, "descr says little-endian");
  write_array(path, "<f4", std::as_bytes(values), shape);
}

void write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
               std::span<const std::int64_t> shape) {
  write_array(path, "|u1", std::as_bytes(values), shape);
}

bool is_npy(std::span<const std::byte> head) {
  return head.size() >= kMagic.size() && std::memcmp(head.data(), kMagic.data(), kMagic.size()) == 0;
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
  Image image{.columns = shape[volume ? 2 : 1], .rows = shape[volume ? 1 : 0], .slices = volume ? shape[0] : 1,
              .channels = stored >= 3 ? 3 : 1, .pixels = {}, .format = ImageFormat::kNpy,
              .pixel_type = pixel_type(number_type(array.dtype)), .world_from_voxel = std::nullopt};
  check_volume_size(path, image.columns, image.rows, image.slices, stored);
  image.pixels = array.as_floats();
  if (stored != image.channels) image.pixels = without_alpha(image.pixels, stored, image.channels);
  return image;
}

}  // namespace ra

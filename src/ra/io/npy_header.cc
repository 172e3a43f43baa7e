#include "ra/io/npy_header.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "ra/io/file_error.h"

namespace ra {
namespace {

constexpr std::uint32_t kMaxHeader = 64 << 10;

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

}  // namespace

NpyHeader read_npy_header(ByteStream& stream) {
  std::array<std::byte, 8> start{};
  stream.read(start, "its NPY header");
  if (std::memcmp(start.data(), kNpyMagic.data(), kNpyMagic.size()) != 0) {
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

}  // namespace ra

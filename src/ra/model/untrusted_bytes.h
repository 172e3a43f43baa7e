#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace ra {

// Throws ra::Error kBadInput; the caller that knows the file adds its name.
[[noreturn]] void refuse(const std::string& reason);

// Text from a file made fit for one line of a message: everything but printable ASCII is escaped, a long one cut.
std::string printable(std::string_view text, std::size_t limit = 80);

// Walks through the bytes of a file that nobody vouches for; refuses to step past their end.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  std::span<const std::byte> take(std::size_t count) {
    if (count > remaining()) refuse_end(count);
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  std::string_view take_text(std::size_t count) {
    const auto bytes = take(count);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // The text up to the next newline, which is consumed, of at most `limit` characters.
  std::string_view take_line(std::size_t limit);

  // A little-endian number.
  template <class Number>
  Number take_number() {
    static_assert(std::endian::native == std::endian::little);
    Number number;
    std::memcpy(&number, take(sizeof(Number)).data(), sizeof(Number));
    return number;
  }

 private:
  [[noreturn]] void refuse_end(std::size_t count) const;

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace ra

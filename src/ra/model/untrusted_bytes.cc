#include "ra/model/untrusted_bytes.h"

#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"

namespace ra {

void refuse(const std::string& reason) { throw Error(ErrorCode::kBadInput, reason); }

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char character : text) {
    if (result.size() >= limit) return result + "...";
    if (character >= 0x20 && character < 0x7f) {
      result += character;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
    }
  }
  return result;
}

std::string_view ByteCursor::take_line(std::size_t limit) {
  const auto window = bytes_.subspan(position_, std::min(remaining(), limit + 1));
  const auto end = std::find(window.begin(), window.end(), std::byte{'\n'});
  if (end == window.end()) {
    refuse(fmt::format("a line at byte {} has no end within {} characters", position_, window.size()));
  }
  const std::string_view line = take_text(static_cast<std::size_t>(end - window.begin()));
  ++position_;
  return line;
}

void ByteCursor::refuse_end(std::size_t count) const {
  refuse(fmt::format("{} bytes are announced at byte {} of {}, only {} follow; the file is truncated or broken", count,
                     position_, bytes_.size(), remaining()));
}

}  // namespace ra

#include "ra/tracking/block_log.h"

#include <cstdint>
#include <span>

#include "ra/base/hash.h"
#include "ra/tracking/little_endian.h"

namespace ra {
namespace {

constexpr std::uint16_t kMagic = 0xBEE1;
constexpr std::uint8_t kVersion = 0;

enum ChunkType : char { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

ChunkType type_of(bool is_first, bool is_last) {
  if (is_first) return is_last ? kFull : kFirst;
  return is_last ? kLast : kMiddle;
}

void append_chunk(std::string& bytes, ChunkType type, std::string_view data) {
  std::string checked(1, type);
  checked += data;
  append_little_endian(bytes, crc32(std::as_bytes(std::span(checked))));
  append_little_endian(bytes, static_cast<std::uint16_t>(data.size()));
  bytes += checked;
}

}  // namespace

std::string BlockLog::header() {
  std::string bytes = ":W&B";
  append_little_endian(bytes, kMagic);
  append_little_endian(bytes, kVersion);
  size_ += bytes.size();
  return bytes;
}

std::string BlockLog::frame(std::string_view record) {
  std::string bytes;
  bool is_first = true, is_last = false;
  while (!is_last) {
    // A chunk's header never crosses blocks.
    if (const std::size_t left = room(); left < kChunkHeader) {
      bytes.append(left, '\0');
      size_ += left;
    }
    const std::string_view data = record.substr(0, room() - kChunkHeader);
    record.remove_prefix(data.size());
    is_last = record.empty();
    append_chunk(bytes, type_of(is_first, is_last), data);
    size_ += kChunkHeader + data.size();
    is_first = false;
  }
  return bytes;
}

}  // namespace ra

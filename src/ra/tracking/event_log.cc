#include "ra/tracking/event_log.h"

#include <array>

#include "ra/tracking/little_endian.h"

namespace ra {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // of Castagnoli, bits reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[byte] = value;
  }
  return table;
}

// A checksum of data that holds checksums itself would be weak, so TFRecord stores it turned and shifted.
std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8; }

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = make_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::string frame_event(std::string_view record) {
  std::string bytes;
  append_little_endian(bytes, std::uint64_t{record.size()});
  append_little_endian(bytes, masked(crc32c(bytes)));
  bytes += record;
  append_little_endian(bytes, masked(crc32c(record)));
  return bytes;
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ra {

// CRC-32C (Castagnoli, RFC 3720).
std::uint32_t crc32c(std::string_view bytes);

// The framing of a TensorBoard event file (TFRecord): length, its masked CRC-32C, the record, its masked CRC-32C.
std::string frame_event(std::string_view record);

}  // namespace ra

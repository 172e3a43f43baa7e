#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace ra {

// SHA-256 (FIPS 180-4) in 64 lower-case hex digits.
std::string sha256_hex(std::span<const std::byte> bytes);
// The same of a file, read in pieces; kBadInput with the reason if it is no regular file or cannot be read.
std::string sha256_hex_of_file(const std::filesystem::path& path);

// CRC-32 (IEEE 802.3, as in zip and zlib).
std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace ra

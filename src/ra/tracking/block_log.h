#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ra {

// The framing of a W&B transaction log: a header of 7 bytes, then records in the log format of LevelDB, in blocks of
// 32 KiB that count the header. Two things differ from LevelDB: the header, and the checksum, which is CRC-32 (zlib's)
// of type and data, not masked. Pure: the caller writes the bytes to a file, in order.
class BlockLog {
 public:
  static constexpr std::size_t kBlock = 32768;
  static constexpr std::size_t kChunkHeader = 7;  // checksum 4, length 2, type 1

  // What the file begins with. Called once, first.
  std::string header();
  // The bytes that one record adds to the file.
  std::string frame(std::string_view record);

 private:
  std::size_t room() const { return kBlock - size_ % kBlock; }

  std::size_t size_ = 0;  // of the file so far
};

}  // namespace ra

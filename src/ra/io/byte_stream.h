#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ra {

// The bytes of a regular file from first to last; a gzip file (one or more members) is inflated on the way.
// Every error is ra::Error kBadInput with the path.
class ByteStream {
 public:
  explicit ByteStream(std::filesystem::path path);

  // Fills `bytes`, or throws that the file is truncated while reading `what`.
  void read(std::span<std::byte> bytes, std::string_view what);
  // Up to `limit` bytes; fewer only at the end of the file.
  std::vector<std::byte> read_up_to(std::size_t limit);
  // Passes over `count` bytes.
  void skip(std::int64_t count, std::string_view what);

  // Throws unless the rest of the file can hold `count` more bytes: exact for a plain file, by deflate's greatest
  // ratio (1032 to 1) for gzip. To be asked before memory is taken.
  void require(std::int64_t count, std::string_view what) const;

  // Reads what is left, at most 64 KiB of it, so that gzip's checksum is verified.
  void finish();

  const std::filesystem::path& path() const { return path_; }
  // Bytes read so far, after inflation.
  std::int64_t position() const { return position_; }

 private:
  std::size_t read_some(std::byte* to, std::size_t count);

  std::filesystem::path path_;
  std::shared_ptr<void> file_;  // zlib's gzFile
  std::int64_t file_size_ = 0;
  std::int64_t position_ = 0;  // in inflated bytes
  bool compressed_ = false;
};

}  // namespace ra

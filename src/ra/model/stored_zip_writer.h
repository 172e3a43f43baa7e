#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "ra/base/atomic_file.h"

namespace ra {

// Writes an archive that read_stored_zip reads, piece by piece and uncompressed. The content of every record starts
// at a multiple of 64 bytes.
class StoredZipWriter {
 public:
  explicit StoredZipWriter(AtomicFile& file) : file_(file) {}

  // kUsage when the archive would exceed 4 GiB.
  void add(const std::string& name, std::span<const std::byte> content);
  // Writes the directory; to be called once, after the last record.
  void finish();

 private:
  void write(const std::string& bytes);

  AtomicFile& file_;
  std::uint64_t position_ = 0;
  std::uint16_t count_ = 0;
  std::string directory_;
};

}  // namespace ra

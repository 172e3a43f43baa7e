#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ra {

// One file inside a zip archive.
struct ZipRecord {
  std::string name;
  std::span<const std::byte> bytes;  // inside the archive's memory
};

bool looks_like_zip(std::span<const std::byte> archive);

// The records of a zip (or zip64) archive that stores everything uncompressed, in the order of its directory.
// Strict, since two readers must not see two contents: kBadInput for compressed or encrypted records, wrong
// checksums, a name twice, names that leave the archive, overlapping records, and a directory that disagrees with
// the records or with its end mark. No memory is taken for content.
std::vector<ZipRecord> read_stored_zip(std::span<const std::byte> archive);

}  // namespace ra

#include "ra/model/zip_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "ra/base/hash.h"
#include "ra/model/untrusted_bytes.h"

// Field by field as in PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16
// (end marks) and 4.5.3 (zip64).
namespace ra {
namespace {

constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kDirectoryMark = 0x02014b50;
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kEnd64Mark = 0x06064b50;
constexpr std::uint32_t kLocator64Mark = 0x07064b50;
constexpr std::size_t kEndSize = 22, kLocator64Size = 20, kEnd64Size = 56;
constexpr std::uint32_t kSaturated = 0xFFFFFFFF;
constexpr std::uint16_t kSaturated16 = 0xFFFF;
constexpr std::uint16_t kEncryptedFlags = 0x2041;  // encrypted, strongly encrypted, masked header
constexpr std::uint16_t kSizesFollowFlag = 0x0008;

struct Directory {
  std::uint64_t count = 0, size = 0, offset = 0, end = 0;
};

struct Entry {
  std::string name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed_size = 0, size = 0, offset = 0;
};

Directory find_directory64(std::span<const std::byte> archive) {
  ByteCursor locator(archive.subspan(archive.size() - kEndSize - kLocator64Size));
  locator.take(8);
  const auto offset = locator.take_number<std::uint64_t>();
  const std::size_t latest = archive.size() - kEndSize - kLocator64Size;
  if (latest < kEnd64Size || offset != latest - kEnd64Size) refuse("the zip64 end mark is not where it must be");
  ByteCursor mark(archive.subspan(offset));
  if (mark.take_number<std::uint32_t>() != kEnd64Mark) refuse("the zip64 end mark is missing");
  mark.take(20);
  Directory directory;
  const auto here = mark.take_number<std::uint64_t>();
  directory.count = mark.take_number<std::uint64_t>();
  directory.size = mark.take_number<std::uint64_t>();
  directory.offset = mark.take_number<std::uint64_t>();
  directory.end = offset;
  if (here != directory.count) refuse("the archive is split over several files");
  return directory;
}

// Small fields of the plain end mark must repeat those of the zip64 one, or be saturated.
bool agrees(std::uint64_t wide, std::uint64_t narrow, std::uint64_t saturated) {
  return wide == narrow || narrow == saturated;
}

Directory find_directory(std::span<const std::byte> archive) {
  if (archive.size() < kEndSize) refuse("the zip archive is truncated");
  ByteCursor mark(archive.subspan(archive.size() - kEndSize));
  if (mark.take_number<std::uint32_t>() != kEndMark) {
    refuse("the zip archive has no end mark at its end: it is truncated, or something was appended to it");
  }
  if (mark.take_number<std::uint32_t>() != 0) refuse("the archive is split over several files");
  Directory directory;
  const auto here = mark.take_number<std::uint16_t>();
  directory.count = mark.take_number<std::uint16_t>();
  directory.size = mark.take_number<std::uint32_t>();
  directory.offset = mark.take_number<std::uint32_t>();
  directory.end = archive.size() - kEndSize;
  if (here != directory.count || mark.take_number<std::uint16_t>() != 0) refuse("the zip archive's end mark is broken");
  const bool has_locator =
      archive.size() >= kEndSize + kLocator64Size &&
      ByteCursor(archive.subspan(archive.size() - kEndSize - kLocator64Size)).take_number<std::uint32_t>() ==
          kLocator64Mark;
  if (!has_locator) return directory;
  const Directory wide = find_directory64(archive);
  if (!agrees(wide.count, directory.count, kSaturated16) || !agrees(wide.size, directory.size, kSaturated) ||
      !agrees(wide.offset, directory.offset, kSaturated)) {
    refuse("the two end marks of the zip archive disagree");
  }
  return wide;
}

// Replaces saturated fields by those of the zip64 field, in its fixed order.
void read_zip64_field(ByteCursor extra, Entry& entry) {
  while (extra.remaining() >= 4) {
    const auto id = extra.take_number<std::uint16_t>();
    ByteCursor field(extra.take(extra.take_number<std::uint16_t>()));
    if (id != 1) continue;
    for (std::uint64_t* value : {&entry.size, &entry.packed_size, &entry.offset}) {
      if (*value == kSaturated) *value = field.take_number<std::uint64_t>();
    }
    return;
  }
}

Entry read_entry(ByteCursor& cursor) {
  if (cursor.take_number<std::uint32_t>() != kDirectoryMark) refuse("the zip archive's directory is broken");
  Entry entry;
  cursor.take(4);
  entry.flags = cursor.take_number<std::uint16_t>();
  entry.method = cursor.take_number<std::uint16_t>();
  cursor.take(4);
  entry.crc = cursor.take_number<std::uint32_t>();
  entry.packed_size = cursor.take_number<std::uint32_t>();
  entry.size = cursor.take_number<std::uint32_t>();
  const auto name_size = cursor.take_number<std::uint16_t>();
  const auto extra_size = cursor.take_number<std::uint16_t>();
  const auto comment_size = cursor.take_number<std::uint16_t>();
  cursor.take(8);
  entry.offset = cursor.take_number<std::uint32_t>();
  entry.name = cursor.take_text(name_size);
  read_zip64_field(ByteCursor(cursor.take(extra_size)), entry);
  cursor.take(comment_size);
  return entry;
}

bool leaves_archive(const std::string& name) {
  const bool has_drive = name.size() > 1 && name[1] == ':';
  if (has_drive || name.find('\\') != std::string::npos || name.find('\0') != std::string::npos) return true;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = std::string_view(name).substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return true;
    start = end + 1;
  }
  return false;
}

void check_entry(const Entry& entry) {
  const std::string name = printable(entry.name);
  if (leaves_archive(entry.name)) refuse(fmt::format("the record name '{}' leaves the archive", name));
  if ((entry.flags & kEncryptedFlags) != 0) refuse(fmt::format("record '{}' is encrypted", name));
  if (entry.method != 0 || entry.packed_size != entry.size) {
    refuse(fmt::format("record '{}' is compressed; torch.save stores records as they are", name));
  }
}

// The content of a record, after its local header was compared with the directory.
std::span<const std::byte> content_of(std::span<const std::byte> archive, const Directory& directory,
                                      const Entry& entry) {
  if (entry.offset > directory.offset)
    refuse(fmt::format("record '{}' lies outside the archive", printable(entry.name)));
  ByteCursor cursor(archive.subspan(entry.offset, directory.offset - entry.offset));
  if (cursor.take_number<std::uint32_t>() != kLocalMark) {
    refuse(fmt::format("record '{}' has no header", printable(entry.name)));
  }
  cursor.take(2);
  const auto flags = cursor.take_number<std::uint16_t>();
  const auto method = cursor.take_number<std::uint16_t>();
  cursor.take(4);
  const auto crc = cursor.take_number<std::uint32_t>();
  cursor.take(4);
  const auto size = cursor.take_number<std::uint32_t>();
  const auto name_size = cursor.take_number<std::uint16_t>();
  const auto extra_size = cursor.take_number<std::uint16_t>();
  const std::string_view name = cursor.take_text(name_size);
  cursor.take(extra_size);
  const bool follow = (flags & kSizesFollowFlag) != 0 && crc == 0 && size == 0;
  const bool sizes_agree = follow || (crc == entry.crc && agrees(entry.size, size, kSaturated));
  if (name != entry.name || method != entry.method || flags != entry.flags || !sizes_agree) {
    refuse(fmt::format("record '{}' disagrees with the archive's directory", printable(entry.name)));
  }
  return cursor.take(entry.size);
}

void check_overlaps(std::vector<std::pair<const std::byte*, const std::byte*>> extents) {
  std::sort(extents.begin(), extents.end());
  for (std::size_t k = 1; k < extents.size(); ++k) {
    if (extents[k].first < extents[k - 1].second) refuse("two records of the zip archive overlap");
  }
}

}  // namespace

bool looks_like_zip(std::span<const std::byte> archive) {
  if (archive.size() < 4) return false;
  const auto mark = ByteCursor(archive).take_number<std::uint32_t>();
  return mark == kLocalMark || mark == kEndMark;
}

std::vector<ZipRecord> read_stored_zip(std::span<const std::byte> archive) {
  const Directory directory = find_directory(archive);
  if (directory.offset > directory.end || directory.size != directory.end - directory.offset) {
    refuse("the zip archive's directory lies outside the file");
  }
  ByteCursor cursor(archive.subspan(directory.offset, directory.size));
  std::vector<ZipRecord> records;
  std::unordered_set<std::string> names;
  std::vector<std::pair<const std::byte*, const std::byte*>> extents;
  while (cursor.remaining() > 0) {
    const Entry entry = read_entry(cursor);
    check_entry(entry);
    if (!names.insert(entry.name).second) {
      refuse(fmt::format("the archive holds two records called '{}'", printable(entry.name)));
    }
    const auto content = content_of(archive, directory, entry);
    extents.emplace_back(archive.data() + entry.offset, content.data() + content.size());
    records.push_back({entry.name, content});
    if (crc32(content) != entry.crc) {
      refuse(fmt::format("record '{}' has a wrong checksum: the file is damaged", printable(entry.name)));
    }
  }
  if (records.size() != directory.count) {
    refuse(
        fmt::format("the zip archive's directory lists {} records and announces {}", records.size(), directory.count));
  }
  check_overlaps(std::move(extents));
  return records;
}

}  // namespace ra

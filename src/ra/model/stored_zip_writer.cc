#include "ra/model/stored_zip_writer.h"

#include <string_view>

#include "ra/base/error.h"
#include "ra/base/hash.h"

// Field by field as in PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.16 (end mark).
namespace ra {
namespace {

constexpr std::uint32_t kLocalMark = 0x04034b50, kDirectoryMark = 0x02014b50, kEndMark = 0x06054b50;
constexpr std::uint16_t kPaddingField = 0x4246;  // "FB", the padding field of PyTorch's own writer
constexpr std::size_t kLocalSize = 30, kPaddingHead = 4, kAlignment = 64;
constexpr std::uint64_t kMaxArchive = 0xFFFFFFFE;
constexpr std::uint16_t kMaxRecords = 0xFFFE;

// Little-endian fields in a row, for headers that are written.
class Fields {
 public:
  template <class Number>
  Fields& add(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(Number));
    return *this;
  }
  Fields& add_text(const std::string& text) {
    bytes_ += text;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

void StoredZipWriter::write(const std::string& bytes) {
  file_.write(bytes);
  position_ += bytes.size();
}

void StoredZipWriter::add(const std::string& name, std::span<const std::byte> content) {
  if (position_ + directory_.size() + content.size() + 2 * (name.size() + 2 * kAlignment) > kMaxArchive ||
      count_ == kMaxRecords) {
    throw Error(ErrorCode::kUsage, "a checkpoint of more than 4 GiB or 65534 tensors cannot be written");
  }
  const std::uint64_t unpadded = position_ + kLocalSize + name.size() + kPaddingHead;
  const auto padding = static_cast<std::uint16_t>((kAlignment - unpadded % kAlignment) % kAlignment);
  const auto size = static_cast<std::uint32_t>(content.size());
  // Version 2.0, no flags, stored, and a fixed date (1980-01-01): equal contents make equal files.
  const auto shared = Fields()
                          .add<std::uint16_t>(20)
                          .add<std::uint16_t>(0)
                          .add<std::uint16_t>(0)
                          .add<std::uint16_t>(0)
                          .add<std::uint16_t>(33)
                          .add(crc32(content))
                          .add(size)
                          .add(size)
                          .add(static_cast<std::uint16_t>(name.size()))
                          .bytes();
  directory_ += Fields()
                    .add(kDirectoryMark)
                    .add<std::uint16_t>(20)
                    .add_text(shared)
                    .add<std::uint16_t>(0)  // extra fields
                    .add<std::uint16_t>(0)  // comment
                    .add<std::uint16_t>(0)  // disk
                    .add<std::uint16_t>(0)  // internal attributes
                    .add<std::uint32_t>(0)  // external attributes
                    .add(static_cast<std::uint32_t>(position_))
                    .add_text(name)
                    .bytes();
  write(Fields()
            .add(kLocalMark)
            .add_text(shared)
            .add(static_cast<std::uint16_t>(padding + kPaddingHead))
            .add_text(name)
            .add(kPaddingField)
            .add(padding)
            .add_text(std::string(padding, 'Z'))
            .bytes());
  file_.write(content);
  position_ += content.size();
  ++count_;
}

void StoredZipWriter::finish() {
  const auto offset = static_cast<std::uint32_t>(position_);
  write(directory_);
  write(Fields()
            .add(kEndMark)
            .add<std::uint32_t>(0)
            .add(count_)
            .add(count_)
            .add(static_cast<std::uint32_t>(directory_.size()))
            .add(offset)
            .add<std::uint16_t>(0)
            .bytes());
}

}  // namespace ra

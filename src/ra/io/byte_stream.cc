#include "ra/io/byte_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ra/io/file_error.h"

namespace ra {
namespace {

constexpr std::int64_t kGreatestRatio = 1032;
constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kTail = std::size_t{64} << 10;

}  // namespace

ByteStream::ByteStream(std::filesystem::path path) : path_(std::move(path)) {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) refuse_file(path_, std::strerror(errno));
  struct stat info{};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    refuse_file(path_, "it is not a regular file");
  }
  file_size_ = info.st_size;
  gzFile file = ::gzdopen(descriptor, "rb");
  if (file == nullptr) {
    ::close(descriptor);
    refuse_file(path_, "out of memory");
  }
  file_ = std::shared_ptr<void>(file, [](void* open) { ::gzclose(static_cast<gzFile>(open)); });
  ::gzbuffer(file, 128 << 10);
  compressed_ = ::gzdirect(file) == 0;
}

std::size_t ByteStream::read_some(std::byte* to, std::size_t count) {
  gzFile file = static_cast<gzFile>(file_.get());
  const int got = ::gzread(file, to, static_cast<unsigned>(std::min(count, kPiece)));
  if (got < 0) {
    refuse_file(path_,
                compressed_ ? "its gzip data are broken; copy or download it again" : "it cannot be read to its end");
  }
  position_ += got;
  return static_cast<std::size_t>(got);
}

void ByteStream::read(std::span<std::byte> bytes, std::string_view what) {
  while (!bytes.empty()) {
    const std::size_t got = read_some(bytes.data(), bytes.size());
    if (got == 0) refuse_truncated(path_, what);
    bytes = bytes.subspan(got);
  }
}

std::vector<std::byte> ByteStream::read_up_to(std::size_t limit) {
  std::vector<std::byte> bytes(limit);
  std::size_t done = 0;
  while (done < limit) {
    const std::size_t got = read_some(bytes.data() + done, limit - done);
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

void ByteStream::skip(std::int64_t count, std::string_view what) {
  std::vector<std::byte> passed(static_cast<std::size_t>(std::min<std::int64_t>(count, kPiece)));
  while (count > 0) {
    const auto piece = std::min<std::int64_t>(count, std::ssize(passed));
    read({passed.data(), static_cast<std::size_t>(piece)}, what);
    count -= piece;
  }
}

void ByteStream::require(std::int64_t count, std::string_view what) const {
  const std::int64_t greatest = compressed_ ? file_size_ * kGreatestRatio : file_size_;
  if (count > greatest - position_) refuse_truncated(path_, what);
}

void ByteStream::finish() {
  read_up_to(kTail);
  int error = Z_OK;
  ::gzerror(static_cast<gzFile>(file_.get()), &error);
  if (error == Z_BUF_ERROR) refuse_truncated(path_, "the end of its gzip data");
}

}  // namespace ra

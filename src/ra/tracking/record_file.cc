#include "ra/tracking/record_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ra/base/error.h"

namespace ra {
namespace {

std::filesystem::path in_made_folder(const std::filesystem::path& path) {
  make_output_folder(path.parent_path());
  return path;
}

}  // namespace

RecordFile::RecordFile(const std::filesystem::path& path) : path_(in_made_folder(path)) { unpublished_.emplace(path_); }

RecordFile::~RecordFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RecordFile::append(std::string_view bytes) {
  if (unpublished_) return unpublished_->write(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      throw Error(ErrorCode::kIo,
                  fmt::format("cannot write '{}': {}", path_.string(), std::strerror(count < 0 ? errno : ENOSPC)));
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RecordFile::publish() {
  unpublished_->commit();
  unpublished_.reset();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw Error(ErrorCode::kIo, fmt::format("cannot open '{}': {}", path_.string(), std::strerror(errno)));
  }
}

}  // namespace ra

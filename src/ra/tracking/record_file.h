#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "ra/base/atomic_file.h"

namespace ra {

// A file that is made anew beside the one of that name, takes its place, and is then appended to; every append goes to
// the system at once. kIo when it cannot be written.
class RecordFile {
 public:
  explicit RecordFile(const std::filesystem::path& path);
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  void append(std::string_view bytes);
  // Shows the file under its name. Called once.
  void publish();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<AtomicFile> unpublished_;
  int descriptor_ = -1;
};

}  // namespace ra

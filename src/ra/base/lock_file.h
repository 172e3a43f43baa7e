#pragma once

#include <filesystem>

namespace ra {

// Keeps a second process out while it lives: an flock(2) on a file that names its holder (host, process id, start of
// the process). The lock ends with the process, however it ends; the file stays.
class LockFile {
 public:
  // kUsage naming the holder when another process has it; kIo when the file cannot be made (a read-only folder). Where
  // the file system has no locks, a holder on this host that still runs is refused all the same.
  explicit LockFile(std::filesystem::path path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace ra

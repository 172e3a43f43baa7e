#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ra {

// Files that stand complete under their names and still have to reach the disk. Waiting for many at once takes a
// fraction of the time of waiting for each. What names or counts them is to be written after sync().
class UnsyncedFiles {
 public:
  UnsyncedFiles() = default;
  ~UnsyncedFiles();
  UnsyncedFiles(const UnsyncedFiles&) = delete;
  UnsyncedFiles& operator=(const UnsyncedFiles&) = delete;

  // Takes over the open descriptor of a file, and starts to write it out.
  void add(const std::filesystem::path& path, int descriptor);
  // Waits until they are on the disk, with the names that they have. kIo as AtomicFile; the files that are not there
  // then are removed.
  void sync();
  std::size_t size() const { return files_.size(); }

 private:
  struct File {
    std::filesystem::path path;
    int descriptor;
  };
  std::vector<File> files_;
};

// Writes a file so that its final name never shows a half-written state: a temporary file in the same folder,
// flush, fsync, rename, fsync of the folder. Without commit() the temporary file is removed and an existing
// file stays as it was. Errors (permissions, disk full) are ra::Error kIo with the path and the reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  // Makes the file visible under its final name. `verify`, if given, is called with the temporary path before
  // the rename and throws to refuse it.
  void commit(const std::function<void(const std::filesystem::path&)>& verify = {});
  // The same, but for the wait for the disk, which is left to `unsynced`.
  void commit(UnsyncedFiles& unsynced);

  const std::filesystem::path& path() const { return path_; }

 private:
  void discard() noexcept;
  void rename_to_final();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

// AtomicFile in one call; with `unsynced` the wait for the disk is left to it.
void write_file(const std::filesystem::path& path, std::string_view content);
void write_file(const std::filesystem::path& path, std::span<const std::byte> content,
                UnsyncedFiles* unsynced = nullptr);

// Makes `path` a symbolic link to `target` in one step, whatever link or file it was before; kIo as AtomicFile.
void replace_link(const std::filesystem::path& path, const std::filesystem::path& target);

// Waits until what was written to a file is on the disk; nothing for a file that is not there. kIo if that fails.
void sync_file(const std::filesystem::path& path);

// Removes the temporary files that killed processes left in a folder: those whose process no longer runs here, or has
// the number of this one. Returns how many. To be called by the one who holds the folder's lock (lock_file.h), before
// it writes.
std::size_t remove_stale_temporaries(const std::filesystem::path& folder);

// The whole content of a regular file of at most `limit` bytes; kBadInput when it is missing, no regular file,
// unreadable or larger.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{4} << 30);
std::string read_text_file(const std::filesystem::path& path, std::size_t limit = std::size_t{64} << 20);

// Memory that whoever keeps a copy of `owner` may go on using.
struct SharedBytes {
  std::shared_ptr<std::byte[]> owner;
  std::span<std::byte> bytes;
};
// read_file() for large files: their memory, at a multiple of 64 bytes, is not cleared before it is filled.
SharedBytes read_shared_file(const std::filesystem::path& path, std::size_t limit = std::size_t{4} << 30);

// Creates a folder with its parents, and checks that files can be made in it (kIo with a remedy if not).
void make_output_folder(const std::filesystem::path& folder);

}  // namespace ra

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ra {

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

  const std::filesystem::path& path() const { return path_; }

 private:
  void discard() noexcept;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

// AtomicFile in one call.
void write_file(const std::filesystem::path& path, std::string_view content);
void write_file(const std::filesystem::path& path, std::span<const std::byte> content);

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

// Creates a folder with its parents, and checks that files can be made in it (kIo with a remedy if not).
void make_output_folder(const std::filesystem::path& folder);

}  // namespace ra

#include "ra/base/result_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include "ra/base/build_id.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/log.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestCache = std::uintmax_t{1} << 30;

// The folder that an environment variable names; empty where it names none.
fs::path folder_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fs::path() : fs::path(value);
}

// Empty where no variable names one.
fs::path cache_folder() {
  if (const fs::path own = folder_from("RA_CACHE_DIR"); !own.empty()) return own;
  if (const fs::path user = folder_from("XDG_CACHE_HOME"); !user.empty()) return user / "ra";
  if (const fs::path home = folder_from("HOME"); !home.empty()) return home / ".cache" / "ra";
  return {};
}

// The name of a result's file, with which the file also ends: one that was cut does not. Empty where the program does
// not know itself.
std::string key_of(const std::string& what) {
  static const std::string program = build_id();
  if (program.empty()) return "";
  const std::string text = program + "\n" + what;
  return sha256_hex(std::as_bytes(std::span(text)));
}

fs::path file_of(const std::string& key) { return cache_folder() / (key + ".result"); }

// The bytes of a file, as memory that changes are not written back from; nothing if there is no such file.
std::optional<SharedBytes> mapped(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  struct stat facts{};
  const bool known = ::fstat(file, &facts) == 0 && facts.st_size > 0;
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* memory = known ? ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0) : MAP_FAILED;
  ::futimens(file, nullptr);  // when it was last used
  ::close(file);
  if (memory == MAP_FAILED) return std::nullopt;
  const std::shared_ptr<std::byte[]> owner(static_cast<std::byte*>(memory),
                                           [size](std::byte* bytes) { ::munmap(bytes, size); });
  return SharedBytes{owner, {owner.get(), size}};
}

// Whether a file of the folder is one of ours, whole or not: the folder may hold others.
bool is_ours(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool begins_with_key = name.find_first_not_of("0123456789abcdef") == 64;
  return begins_with_key && (path.extension() == ".result" || path.extension() == ".tmp");
}

struct KeptFile {
  fs::path path;
  std::uintmax_t size;
  fs::file_time_type used;
};

// Removes the oldest of our files, those of killed processes among them, until the rest fits.
void trim(const fs::path& folder) {
  std::vector<KeptFile> files;
  std::uintmax_t sum = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!is_ours(entry.path())) continue;
    std::error_code gone;  // another process may have removed it
    const KeptFile file{entry.path(), entry.file_size(gone), entry.last_write_time(gone)};
    if (gone) continue;
    files.push_back(file);
    sum += file.size;
  }
  std::sort(files.begin(), files.end(), [](const KeptFile& a, const KeptFile& b) { return a.used < b.used; });
  for (auto oldest = files.begin(); sum > kLargestCache && oldest != files.end(); ++oldest) {
    std::error_code failed;
    if (fs::remove(oldest->path, failed)) sum -= oldest->size;
  }
}

// Under a name of its own until it is whole, since other processes read what stands under the last one. No AtomicFile:
// whoever writes may go back in the stream to what it has written.
void write_whole(const fs::path& path, const std::string& key, const std::function<void(std::ostream&)>& write) {
  static std::atomic<int> number = 0;
  const fs::path temporary = path.parent_path() / fmt::format("{}.{}.{}.tmp", key, ::getpid(), ++number);
  try {
    std::ofstream file;
    file.exceptions(std::ios::badbit | std::ios::failbit);
    file.open(temporary, std::ios::binary | std::ios::trunc);
    write(file);
    file.seekp(0, std::ios::end);
    file << key;
    file.close();
    sync_file(temporary);
    fs::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace

std::optional<SharedBytes> find_result(const std::string& what) {
  const std::string key = key_of(what);
  if (key.empty()) return std::nullopt;
  std::optional<SharedBytes> kept = mapped(file_of(key));
  if (!kept || kept->bytes.size() <= key.size()) return std::nullopt;
  const std::size_t size = kept->bytes.size() - key.size();
  if (std::memcmp(&kept->bytes[size], key.data(), key.size()) != 0) return std::nullopt;
  kept->bytes = kept->bytes.first(size);
  return kept;
}

void keep_result(const std::string& what, const std::function<void(std::ostream&)>& write) noexcept {
  try {
    const std::string key = key_of(what);
    if (key.empty()) throw Error(ErrorCode::kUnsupported, "this program has no build ID");
    const fs::path folder = cache_folder();
    if (folder.empty()) throw Error(ErrorCode::kIo, "no folder is named for it");
    fs::create_directories(folder);
    write_whole(file_of(key), key, write);
    trim(folder);
  } catch (const std::exception& error) {
    log::debug("a result is not kept for the next run: {}", error.what());
  }
}

}  // namespace ra

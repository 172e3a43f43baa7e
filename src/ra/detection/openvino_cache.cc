#include "ra/detection/openvino_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <vector>

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

fs::path chosen_folder() {
  if (const fs::path own = folder_from("RA_CACHE_DIR"); !own.empty()) return own / "openvino";
  if (const fs::path user = folder_from("XDG_CACHE_HOME"); !user.empty()) return user / "ra" / "openvino";
  if (const fs::path home = folder_from("HOME"); !home.empty()) return home / ".cache" / "ra" / "openvino";
  return {};
}

struct CachedFile {
  fs::path path;
  std::uintmax_t size;
  fs::file_time_type used;
};

// Removes the oldest files until the rest fits. What another process has open stays readable to it.
void trim(const fs::path& folder) {
  std::vector<CachedFile> files;
  std::uintmax_t sum = 0;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (!entry.is_regular_file(failed)) continue;
    files.push_back({entry.path(), entry.file_size(failed), entry.last_write_time(failed)});
    if (failed) files.pop_back();
    else sum += files.back().size;
  }
  std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) { return a.used < b.used; });
  for (auto oldest = files.begin(); sum > kLargestCache && oldest != files.end(); ++oldest) {
    if (fs::remove(oldest->path, failed)) sum -= oldest->size;
  }
}

}  // namespace

std::optional<fs::path> openvino_cache_folder() {
  const fs::path folder = chosen_folder();
  std::error_code failed;
  if (!folder.empty()) fs::create_directories(folder, failed);
  if (folder.empty() || failed || ::access(folder.c_str(), W_OK | X_OK) != 0) {
    log::debug("compiled networks are not kept: the cache folder '{}' cannot be written", folder.string());
    return std::nullopt;
  }
  trim(folder);
  return folder;
}

}  // namespace ra

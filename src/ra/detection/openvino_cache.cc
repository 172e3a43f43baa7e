#include "ra/detection/openvino_cache.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <vector>

#include "ra/base/error.h"
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

// Removes the oldest graphs until the rest fits.
void trim(const fs::path& folder) {
  std::vector<CachedFile> files;
  std::uintmax_t sum = 0;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() != ".blob") continue;
    files.push_back({entry.path(), entry.file_size(failed), entry.last_write_time(failed)});
    sum += files.back().size;
  }
  std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) { return a.used < b.used; });
  for (auto oldest = files.begin(); sum > kLargestCache && oldest != files.end(); ++oldest) {
    if (fs::remove(oldest->path, failed)) sum -= oldest->size;
  }
}

}  // namespace

std::unique_ptr<OpenvinoCache> open_openvino_cache() {
  const fs::path folder = chosen_folder();
  try {
    if (folder.empty()) throw Error(ErrorCode::kIo, "no folder is named for it");
    fs::create_directories(folder);
    std::unique_ptr<OpenvinoCache> cache(new OpenvinoCache{folder, LockFile(folder / "lock")});
    trim(folder);
    return cache;
  } catch (const std::exception& error) {
    log::debug("compiled networks are not kept in '{}': {}", folder.string(), error.what());
    return nullptr;
  }
}

}  // namespace ra

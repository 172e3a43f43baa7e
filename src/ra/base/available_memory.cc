#include "ra/base/available_memory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ra {
namespace {

namespace fs = std::filesystem;

// A file with one number; nullopt for "max" or no file.
std::optional<std::uint64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

// The number after a word at the beginning of a line.
std::optional<std::uint64_t> number_after(const fs::path& path, const std::string& word) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first;
    std::uint64_t value = 0;
    if (words >> first >> value && first == word) return value;
  }
  return std::nullopt;
}

// What a group leaves. Pages of files that were not used lately are given up before memory runs out.
std::optional<std::uint64_t> left_in_group(const fs::path& group, const char* limit_file, const char* usage_file,
                                           const char* cache_word) {
  const auto limit = number_in(group / limit_file), used = number_in(group / usage_file);
  if (!limit || !used) return std::nullopt;
  const std::uint64_t cache = number_after(group / "memory.stat", cache_word).value_or(0);
  const std::uint64_t taken = *used - std::min(cache, *used);
  return *limit - std::min(taken, *limit);
}

// The folders of this process's control group and of those around it.
std::optional<std::uint64_t> left_in_groups() {
  std::optional<std::uint64_t> least;
  const auto consider = [&](std::optional<std::uint64_t> left) {
    if (left) least = std::min(least.value_or(*left), *left);
  };
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_version2 = controllers.empty();
    if (!is_version2 && controllers.find("memory") == std::string::npos) continue;
    const fs::path root = is_version2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    for (;; group = group.parent_path()) {
      consider(is_version2 ? left_in_group(root / group, "memory.max", "memory.current", "inactive_file")
                           : left_in_group(root / group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                           "total_inactive_file"));
      if (group.empty()) break;
    }
  }
  return least;
}

}  // namespace

std::optional<std::uint64_t> available_memory() {
  const auto kibibytes = number_after("/proc/meminfo", "MemAvailable:");
  const auto group = left_in_groups();
  if (!kibibytes) return group;
  return std::min(*kibibytes * 1024, group.value_or(*kibibytes * 1024));
}

}  // namespace ra

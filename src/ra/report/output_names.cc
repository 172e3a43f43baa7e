#include "ra/report/output_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>
#include <unordered_map>

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kEndings = {".nii.gz", ".nii", ".png", ".jpeg", ".jpg", ".npy", ".gz"};

fs::path shared_folder_of(const std::vector<fs::path>& paths) {
  fs::path shared = paths.front().parent_path();
  for (const fs::path& path : paths) {
    fs::path common;
    const fs::path folder = path.parent_path();
    for (auto a = shared.begin(), b = folder.begin(); a != shared.end() && b != folder.end() && *a == *b; ++a, ++b) {
      common /= *a;
    }
    shared = common;
  }
  return shared;
}

// How many different paths have each name.
std::unordered_map<std::string, std::set<fs::path>> owners(const std::vector<std::string>& names,
                                                            const std::vector<fs::path>& paths) {
  std::unordered_map<std::string, std::set<fs::path>> found;
  for (std::size_t k = 0; k < names.size(); ++k) found[names[k]].insert(paths[k]);
  return found;
}

}  // namespace

std::string image_stem(const fs::path& path) {
  const std::string name = path.filename().string();
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view ending : kEndings) {
    if (lower.size() > ending.size() && lower.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

std::vector<std::string> output_names(std::span<const fs::path> inputs) {
  if (inputs.empty()) return {};
  std::vector<fs::path> paths;
  std::vector<std::string> names;
  for (const fs::path& input : inputs) {
    paths.push_back(fs::absolute(input).lexically_normal());
    names.push_back(image_stem(input));
  }
  const fs::path shared = shared_folder_of(paths);
  const auto by_stem = owners(names, paths);
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (by_stem.at(names[k]).size() < 2) continue;
    names[k] = (paths[k].parent_path().lexically_relative(shared) / names[k]).lexically_normal().string();
  }
  // More than once: "x.png" beside "x.jpg" takes the stem of "x.png.png".
  for (bool shared_names = true; shared_names;) {
    shared_names = false;
    const auto by_path = owners(names, paths);
    for (std::size_t k = 0; k < names.size(); ++k) {
      const std::string full = (fs::path(names[k]).parent_path() / paths[k].filename()).string();
      if (by_path.at(names[k]).size() < 2 || names[k] == full) continue;
      names[k] = full;
      shared_names = true;
    }
  }
  return names;
}

}  // namespace ra

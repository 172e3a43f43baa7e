#include "ra/report/output_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <set>
#include <string_view>
#include <unordered_map>

#include "ra/io/read_image.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kEndings = {".nii.gz", ".nii", ".png", ".jpeg", ".jpg", ".npy", ".gz"};
constexpr std::string_view kSliceMark = "_s";

// Forms of a name, each longer than the one before: stem, relative stem, relative file name, and that with underscores
// behind it, which no slice's name ends in.
constexpr int kStem = 0, kRelativeStem = 1, kFileName = 2, kOfEarlierRun = std::numeric_limits<int>::max();

// An input, how far its name was lengthened, and the name.
struct Named {
  fs::path path;  // absolute
  int form = kStem;
  std::string name;
};

fs::path normal(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

fs::path shared_folder_of(const std::vector<Named>& inputs) {
  fs::path shared = inputs.front().path.parent_path();
  for (const Named& input : inputs) {
    fs::path common;
    const fs::path folder = input.path.parent_path();
    for (auto a = shared.begin(), b = folder.begin(); a != shared.end() && b != folder.end() && *a == *b; ++a, ++b) {
      common /= *a;
    }
    shared = common;
  }
  return shared;
}

std::string name_of(const fs::path& path, int form, const fs::path& shared) {
  if (form == kStem) return image_stem(path);
  const fs::path last = form == kRelativeStem ? fs::path(image_stem(path)) : path.filename();
  const std::string name = (path.parent_path().lexically_relative(shared) / last).lexically_normal().string();
  return name + std::string(static_cast<std::size_t>(std::max(form - kFileName, 0)), '_');
}

// "v" of "v_s12"; empty for a name that is none of a slice.
std::string volume_of_slice_name(const std::string& name) {
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  if (digits == name.size() || digits <= kSliceMark.size()) return "";
  if (std::string_view(name).substr(0, digits).ends_with(kSliceMark)) return name.substr(0, digits - kSliceMark.size());
  return "";
}

// Of inputs that clash, those that give way: the shortest forms among them.
void add_shortest(const std::vector<Named*>& clashing, std::set<Named*>& giving_way) {
  int shortest = kOfEarlierRun;
  for (const Named* one : clashing) shortest = std::min(shortest, one->form);
  for (Named* one : clashing) {
    if (one->form == shortest && shortest != kOfEarlierRun) giving_way.insert(one);
  }
}

// The inputs whose names have to become longer; none when all are distinct.
std::set<Named*> clashes(std::vector<Named>& inputs) {
  std::unordered_map<std::string, std::vector<Named*>> owners;
  for (Named& input : inputs) owners[input.name].push_back(&input);
  std::set<Named*> giving_way;
  for (const auto& [name, of_name] : owners) {
    if (of_name.size() > 1) add_shortest(of_name, giving_way);
    const auto volumes = owners.find(volume_of_slice_name(name));
    if (volumes == owners.end()) continue;
    for (Named* volume : volumes->second) {
      if (is_picture_file(volume->path)) continue;
      Named* slice_like = of_name.front();
      add_shortest({slice_like->form == kOfEarlierRun ? volume : slice_like}, giving_way);
    }
  }
  return giving_way;
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

std::string slice_mark(const std::string& slice) { return std::string(kSliceMark) + slice; }

std::vector<std::string> output_names(std::span<const fs::path> inputs,
                                      const std::map<fs::path, std::string>& earlier) {
  std::map<fs::path, Named> by_path;
  for (const auto& [path, name] : earlier) by_path[normal(path)] = {normal(path), kOfEarlierRun, name};
  for (const fs::path& input : inputs)
    by_path.try_emplace(normal(input), Named{normal(input), kStem, image_stem(input)});
  if (by_path.empty()) return {};
  std::vector<Named> distinct;
  for (const auto& [path, named] : by_path) distinct.push_back(named);
  const fs::path shared = shared_folder_of(distinct);
  for (auto longer = clashes(distinct); !longer.empty(); longer = clashes(distinct)) {
    for (Named* one : longer) one->name = name_of(one->path, ++one->form, shared);
  }
  std::unordered_map<std::string, std::string> found;
  for (const Named& one : distinct) found[one.path.string()] = one.name;
  std::vector<std::string> names;
  for (const fs::path& input : inputs) names.push_back(found.at(normal(input).string()));
  return names;
}

}  // namespace ra

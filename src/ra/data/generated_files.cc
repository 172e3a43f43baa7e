#include "ra/data/generated_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ra/base/error.h"
#include "ra/data/synthetic_lesion.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTables[] = {
    "manifest.csv",          "lesions.csv",          "healthy.csv",    "about.txt",
    "lists/train.csv",       "lists/val.csv",        "lists/test.csv", "lists/lesions.csv",
    "lists/lesions_ann.csv", "lists/lesions_neg.csv"};
constexpr std::string_view kPictureFolders[] = {"images", "masks"};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool cut_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

bool is_generated_picture(const std::string& name) {
  std::string_view stem = name;
  if (!cut_end(stem, ".png") && !cut_end(stem, ".npy") && !cut_end(stem, ".nii.gz")) return false;
  if (stem.starts_with("brain_") && stem.size() == 11 && all_digits(stem.substr(6))) return true;
  cut_end(stem, "_outside");
  if (const std::size_t mark = stem.rfind('_'); mark != std::string_view::npos && all_digits(stem.substr(mark + 1))) {
    stem = stem.substr(0, mark);
  }
  if (stem.ends_with("_healthy")) return true;
  return std::any_of(kLesionKinds.begin(), kLesionKinds.end(),
                     [&](LesionKind kind) { return stem.ends_with("_" + std::string(to_string(kind))); });
}

void remove_pictures_below(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> pictures, folders{folder};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) folders.push_back(entry.path());
    if (entry.is_regular_file() && is_generated_picture(entry.path().filename().string())) {
      pictures.push_back(entry.path());
    }
  }
  for (const fs::path& picture : pictures) fs::remove(picture);
  // A folder comes after the one that holds it.
  for (auto inner = folders.rbegin(); inner != folders.rend(); ++inner) {
    if (fs::is_empty(*inner)) fs::remove(*inner);
  }
}

}  // namespace

void refuse_existing_data_set(const fs::path& output, bool overwrite) {
  if (overwrite) return;
  for (const char* name : {"manifest.csv", "lesions.csv", "healthy.csv", "images", "masks", "lists"}) {
    if (!fs::exists(output / name)) continue;
    throw Error(ErrorCode::kUsage, fmt::format("{} exists: nothing is written over without --overwrite; give another "
                                               "--output or add --overwrite",
                                               (output / name).string()));
  }
}

void remove_generated_files(const fs::path& output) {
  for (const std::string_view name : kTables) fs::remove(output / name);
  for (const std::string_view folder : kPictureFolders) remove_pictures_below(output / folder);
  if (fs::is_directory(output / "lists") && fs::is_empty(output / "lists")) fs::remove(output / "lists");
}

}  // namespace ra

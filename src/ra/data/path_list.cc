#include "ra/data/path_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// Endings that a folder is searched for; the content still decides what a file is.
constexpr std::array<std::string_view, 6> kImageEndings = {".png", ".jpg", ".jpeg", ".npy", ".nii", ".nii.gz"};

bool has_ending(const fs::path& path, std::span<const std::string_view> endings) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_list(const fs::path& path) {
  constexpr std::array<std::string_view, 1> kListEndings = {".csv"};
  return has_ending(path, kListEndings);
}

// Adds the images in `folder` and below it. `above` holds the true paths of the folders that the search is in: a link
// back to one of them is not followed, or it would never end.
void find_images(const fs::path& folder, std::vector<fs::path>& above, std::vector<fs::path>& images) {
  std::error_code error;
  fs::path true_path = fs::canonical(folder, error);
  if (std::find(above.begin(), above.end(), true_path) != above.end()) return;
  above.push_back(std::move(true_path));
  fs::directory_iterator entry;
  if (!error) entry = fs::directory_iterator(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code leads_nowhere;  // of a broken link, which is no image
    if (entry->is_directory(leads_nowhere)) {
      find_images(entry->path(), above, images);
    } else if (has_ending(entry->path(), kImageEndings) && entry->is_regular_file(leads_nowhere)) {
      images.push_back(entry->path());
    }
  }
  if (error) {
    throw Error(ErrorCode::kUsage,
                fmt::format("cannot search '{}': {}; check its permissions", folder.string(), error.message()));
  }
  above.pop_back();
}

std::vector<fs::path> images_under(const fs::path& folder) {
  std::vector<fs::path> above, images;
  find_images(folder, above, images);
  std::sort(images.begin(), images.end());
  return images;
}

bool is_glob(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

// `text` with a backslash before every character that glob() would read as a pattern.
std::string quote_for_glob(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::vector<fs::path> glob_matches(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> matches;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  std::sort(matches.begin(), matches.end());
  return matches;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The fields of a line: apart at commas that are not between two bars; two bars inside stand for one.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t k = 0; k < line.size(); ++k) {
    if (line[k] == '|') {
      const bool doubled = quoted && k + 1 < line.size() && line[k + 1] == '|';
      if (doubled) {
        fields.back() += line[k++];
      } else {
        quoted = !quoted;
      }
    } else if (line[k] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[k];
    }
  }
  for (std::string& field : fields) field = trim(field);
  return fields;
}

// The field under `column`, which is not the first one; empty without.
std::string field_of(const std::vector<std::string>& fields, const std::vector<std::string>& columns,
                     std::string_view column) {
  const auto found = std::find(columns.begin() + 1, columns.end(), column);
  const auto at = static_cast<std::size_t>(found - columns.begin());
  return at < columns.size() && at < fields.size() ? fields[at] : "";
}

[[noreturn]] void fail_empty(const fs::path& path, const char* reason) {
  throw Error(ErrorCode::kUsage, fmt::format("'{}' {}", path.string(), reason));
}

}  // namespace

std::vector<ListRow> list_rows(const std::string& text) {
  std::vector<ListRow> rows;
  std::string_view rest = text;
  std::vector<std::string> columns;
  std::size_t line_number = 0;
  while (!rest.empty()) {
    ++line_number;
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::vector<std::string> fields = fields_of(line);
    if (line_number == 1) {
      columns = fields;
    } else if (!fields.front().empty()) {
      rows.push_back(
          {fields.front(), field_of(fields, columns, "subject"), field_of(fields, columns, "label"), line_number});
    }
  }
  return rows;
}

std::vector<fs::path> PathLists::expand(const std::vector<std::string>& entries) {
  std::vector<fs::path> files;
  for (const std::string& entry : entries) expand_entry(entry, files);
  return files;
}

void PathLists::expand_entry(const std::string& entry, std::vector<fs::path>& files) {
  if (entry.empty()) {
    throw Error(ErrorCode::kUsage, "an empty name stands where an image, folder, glob or list belongs");
  }
  std::error_code ignored;
  for (const fs::path& path : {root_ / entry, fs::path(entry)}) {
    if (fs::exists(path, ignored)) return expand_existing(path, files);
  }
  if (is_glob(entry)) {
    const bool from_root = !root_.empty() && fs::path(entry).is_relative();
    std::vector<fs::path> matches;
    if (from_root) matches = glob_matches(quote_for_glob((root_ / "").string()) + entry);
    if (matches.empty()) matches = glob_matches(entry);
    for (const fs::path& match : matches) expand_existing(match, files);
    if (!matches.empty()) return;
  }
  remember_missing(entry);
}

void PathLists::expand_existing(const fs::path& path, std::vector<fs::path>& files) {
  if (fs::is_directory(path)) {
    const std::vector<fs::path> images = images_under(path);
    if (images.empty()) fail_empty(path, "holds no image (.png, .jpg, .npy, .nii or .nii.gz)");
    files.insert(files.end(), images.begin(), images.end());
  } else if (is_list(path)) {
    read_list(path, files);
  } else {
    files.push_back(path);
  }
}

void PathLists::read_list(const fs::path& list, std::vector<fs::path>& files) {
  const std::string text = read_text_file(list);
  const std::vector<ListRow> rows = list_rows(text);
  const std::string header = fields_of(trim(std::string_view(text).substr(0, text.find('\n')))).front();
  if (std::error_code ignored; !header.empty() && fs::is_regular_file(root_ / header, ignored)) {
    throw Error(ErrorCode::kUsage,
                fmt::format("list '{}' has no header line: its first line names the file '{}', which "
                            "would be left out; put a line such as `filename` before it",
                            list.string(), header));
  }
  if (rows.empty()) {
    fail_empty(list, "names no file; a list has one header line, then one path a line in its first column");
  }
  for (const ListRow& row : rows) {
    const fs::path path = root_ / row.path;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) {
      files.push_back(path);
      if (row.label == "1") not_healthy_.push_back(fmt::format("'{}' line {}", list.string(), row.line));
      if (!row.subject.empty()) subjects_[path.string()] = row.subject;
    } else if (fs::is_directory(path, ignored)) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("list '{}' names '{}', which is a folder; its rows must be files (a folder "
                              "can be named in place of the list)",
                              list.string(), path.string()));
    } else {
      remember_missing(path.string());
    }
  }
}

void PathLists::remember_missing(const std::string& name) {
  if (missing_names_.insert(name).second) missing_.push_back(name);
}

void PathLists::require_all_found() const {
  if (missing_.empty()) return;
  throw Error(
      ErrorCode::kUsage,
      fmt::format("{} missing: '{}'; relative paths start from {} (--data-root changes that)",
                  missing_.size() == 1 ? "one file is" : fmt::format("{} files are", missing_.size()),
                  fmt::join(missing_, "', '"), root_.empty() ? "the working directory" : "'" + root_.string() + "'"));
}

void PathLists::require_healthy() const {
  if (not_healthy_.empty()) return;
  const std::size_t more = not_healthy_.size() - 1;
  throw Error(ErrorCode::kUsage, fmt::format("{}{}: the label is 1, but healthy images are needed; leave such rows out",
                                             not_healthy_[0], more > 0 ? fmt::format(" and {} more", more) : ""));
}

std::vector<fs::path> expand_path_list(const std::vector<std::string>& entries, const fs::path& root) {
  PathLists lists(root);
  std::vector<fs::path> files = lists.expand(entries);
  lists.require_all_found();
  if (files.empty()) throw Error(ErrorCode::kUsage, "no image, folder, glob or list is named");
  return files;
}

DataFiles expand_data_options(const DataOptions& options) {
  PathLists lists(options.root);
  DataFiles files{lists.expand(options.train), lists.expand(options.val), lists.expand(options.test), {}};
  files.subjects = lists.subjects();
  lists.require_all_found();
  return files;
}

}  // namespace ra

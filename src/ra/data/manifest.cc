#include "ra/data/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <span>
#include <unordered_map>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/nearest_name.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kColumns = {"image",          "subject", "label", "class",  "mask",
                                           "outside_mask",   "box",     "split", "site",   "scanner",
                                           "field_strength", "sex",     "age",   "spacing"};
constexpr std::size_t kShownMissing = 10;
constexpr std::int64_t kLargestCoordinate = 1 << 20;

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// The fields of a line; a field between two `"` or `|` may hold commas, and its own mark doubled.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields{""};
  char mark = 0;
  for (std::size_t k = 0; k < line.size(); ++k) {
    const char c = line[k];
    if (mark != 0 && c == mark) {
      if (k + 1 < line.size() && line[k + 1] == mark)
        fields.back() += line[k++];
      else
        mark = 0;
    } else if (mark == 0 && (c == '"' || c == '|') && trimmed(fields.back()).empty()) {
      mark = c;
    } else if (mark == 0 && c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  for (std::string& field : fields) field = trimmed(field);
  return fields;
}

std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class ManifestReader {
 public:
  ManifestReader(const std::string& name, const fs::path& file) : file_(file) { set_.name = name; }

  LabelledSet read() {
    std::string text = read_text_file(file_);
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    for (const std::string& line : split_text(text, '\n')) {
      ++line_;
      if (line.empty()) continue;
      if (columns_.empty()) {
        read_header(line);
      } else {
        read_row(line);
      }
    }
    if (set_.rows.empty())
      refuse("holds no row; a manifest has a header line with `image`, then one row an image or box");
    require_all_found();
    return std::move(set_);
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' {}", file_.string(), reason));
  }
  [[noreturn]] void refuse_line(const std::string& reason) const {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' line {}: {}", file_.string(), line_, reason));
  }

  void read_header(const std::string& line) {
    columns_ = fields_of(line);
    for (const std::string& column : columns_) {
      if (std::find(kColumns.begin(), kColumns.end(), column) == kColumns.end()) {
        refuse_line(fmt::format("unknown column '{}'{}; the columns are {}", column, did_you_mean(column, kColumns),
                                fmt::join(kColumns, ", ")));
      }
      if (std::count(columns_.begin(), columns_.end(), column) > 1) refuse_line("column '" + column + "' stands twice");
    }
    if (std::find(columns_.begin(), columns_.end(), "image") == columns_.end())
      refuse_line("column 'image' is missing");
  }

  void read_row(const std::string& line) {
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != columns_.size()) {
      refuse_line(fmt::format("{} fields, but the header has {} columns", fields.size(), columns_.size()));
    }
    const auto [earlier, is_new] = lines_.emplace(fmt::format("{}", fmt::join(fields, "\x1f")), line_);
    if (!is_new) refuse_line(fmt::format("equal to line {} in all columns; remove one", earlier->second));
    std::map<std::string, std::string> values;
    for (std::size_t k = 0; k < fields.size(); ++k) values[columns_[k]] = fields[k];
    ManifestRow row;
    if (values["image"].empty()) refuse_line("`image` is empty");
    row.image = found(values["image"]);
    row.subject = values["subject"];
    row.label = values["class"];
    row.split = values["split"];
    if (!values["mask"].empty()) row.mask = found(values["mask"]);
    if (!values["outside_mask"].empty()) row.outside_mask = found(values["outside_mask"]);
    if (const std::string& label = values["label"]; !label.empty()) {
      if (label != "0" && label != "1") refuse_line("label is '" + label + "', it must be 0 (healthy) or 1");
      row.pathological = label == "1";
    }
    if (!values["box"].empty()) read_boxes(values["box"], row);
    for (const std::string_view group : kGroupColumns) {
      const std::string& value = values[std::string(group)];
      if (!value.empty()) row.groups.emplace(group, value);
    }
    set_.rows.push_back(std::move(row));
  }

  void read_boxes(const std::string& text, ManifestRow& row) {
    const std::vector<std::string> boxes = split_text(text, ';');
    std::vector<std::string> labels = split_text(row.label, ';');
    if (labels.size() == 1) labels.resize(boxes.size(), labels[0]);
    if (labels.size() != boxes.size()) {
      refuse_line(fmt::format("{} boxes but {} classes; give one class, or one a box", boxes.size(), labels.size()));
    }
    for (std::size_t k = 0; k < boxes.size(); ++k) row.boxes.push_back({read_box(boxes[k]), labels[k]});
  }

  Box read_box(const std::string& text) const {
    std::int64_t numbers[4];
    std::size_t count = 0;
    for (const std::string& word : split_text(text, ' ')) {
      if (word.empty()) continue;
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      const bool whole = error == std::errc() && end == word.data() + word.size();
      if (!whole || count == 4 || std::abs(number) > kLargestCoordinate) {
        refuse_line("box '" + text + "' is not 'x y w h' in whole pixels");
      }
      numbers[count++] = number;
    }
    if (count != 4) refuse_line("box '" + text + "' is not 'x y w h' in whole pixels");
    if (numbers[2] < 0 || numbers[3] < 0) refuse_line("box '" + text + "' has a negative size");
    return {numbers[0], numbers[1], numbers[2], numbers[3]};
  }

  fs::path found(const std::string& name) {
    const fs::path path = (file_.parent_path() / name).lexically_normal();
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) missing_.insert(path.string());
    return path;
  }

  void require_all_found() const {
    if (missing_.empty()) return;
    std::vector<std::string> shown(missing_.begin(), missing_.end());
    const std::size_t more = shown.size() > kShownMissing ? shown.size() - kShownMissing : 0;
    shown.resize(shown.size() - more);
    refuse(fmt::format("names {} that {} missing: '{}'{}; paths start from the manifest's folder",
                       missing_.size() == 1 ? "one file" : fmt::format("{} files", missing_.size()),
                       missing_.size() == 1 ? "is" : "are", fmt::join(shown, "', '"),
                       more > 0 ? fmt::format(" and {} more", more) : ""));
  }

  fs::path file_;
  LabelledSet set_;
  std::vector<std::string> columns_;
  std::unordered_map<std::string, std::size_t> lines_;  // the row's fields to its line
  std::set<std::string> missing_;
  std::size_t line_ = 0;
};

}  // namespace

LabelledSet read_manifest(const std::string& name, const fs::path& file) { return ManifestReader(name, file).read(); }

LabelledSet rows_of_lists(const std::string& name, const std::vector<fs::path>& images,
                          const std::vector<fs::path>& labels, const std::vector<fs::path>& masks) {
  for (const std::size_t rows : {labels.size(), masks.size()}) {
    if (rows == 0 || rows == images.size()) continue;
    throw Error(ErrorCode::kUsage, fmt::format("set '{}' has {} images, {} labels and {} masks; one row is one box",
                                               name, images.size(), labels.size(), masks.size()));
  }
  LabelledSet set{name, {}};
  for (std::size_t k = 0; k < images.size(); ++k) {
    ManifestRow row;
    row.image = images[k].lexically_normal();
    if (!labels.empty()) row.mask = labels[k];
    if (!masks.empty()) row.outside_mask = masks[k];
    set.rows.push_back(std::move(row));
  }
  return set;
}

}  // namespace ra

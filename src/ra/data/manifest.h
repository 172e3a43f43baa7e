#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ra/metrics/localization.h"

namespace ra {

// The columns that part people into groups; reported where a manifest has them.
inline constexpr std::string_view kGroupColumns[] = {"site", "scanner", "field_strength", "sex", "age"};

// A box with its class, in the image's own pixels.
struct LabelledBox {
  Box box;
  std::string label;
};

// One row of a labelled set. The same image may stand in several rows, one a box.
struct ManifestRow {
  std::filesystem::path image;
  std::string subject;                 // empty: unknown
  std::optional<bool> pathological;    // column `label`; absent: the set's name decides
  std::string label;                   // column `class`, as written
  std::filesystem::path mask;          // truth of the row; empty: none given
  std::filesystem::path outside_mask;  // 1 where a positive pixel counts as false; empty: outside the row's own truth
  std::vector<LabelledBox> boxes;
  std::string split;
  std::map<std::string, std::string> groups;  // kGroupColumns that hold something
};

// A named set of rows. `Normal` in the name makes rows without a label healthy, otherwise they are pathological.
struct LabelledSet {
  std::string name;
  std::vector<ManifestRow> rows;

  bool is_normal() const { return name.find("Normal") != std::string::npos; }
};

// Reads a manifest: CSV with a header line, `,` between fields, `"` or `|` around a field that holds a comma, paths
// relative to the manifest's folder. Columns: image (required), subject, label (0 or 1), class, mask, outside_mask,
// box ("x y w h", several separated by ";", then `class` likewise), split, site, scanner, field_strength, sex, age,
// spacing. kUsage with file and line for an unknown column (with the nearest name), a wrong label or box, rows that
// are equal in all columns, and, all at once, files that are missing.
LabelledSet read_manifest(const std::string& name, const std::filesystem::path& file);

// The lists of the reference as rows: `labels` (box masks) and `masks` (counted outside) are empty or as many as the
// images, kUsage otherwise.
LabelledSet rows_of_lists(const std::string& name, const std::vector<std::filesystem::path>& images,
                          const std::vector<std::filesystem::path>& labels,
                          const std::vector<std::filesystem::path>& masks);

}  // namespace ra

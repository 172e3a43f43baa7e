#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "ra/data/data_options.h"
#include "ra/data/subject.h"

namespace ra {

// Turns entries into image files. An entry is an image file, a folder (searched through for known endings, sorted),
// a glob (sorted), or a CSV list: one header line, then one path a line in the first column, `,` between columns,
// `|` around a field that holds a comma; a column called `subject` says whom an image shows, one called
// `label` whether it is healthy (0) or not (1). Rows of a list are relative to `root`, or to the working directory
// where root is empty; an entry itself is looked for under root first, then from the working directory. Duplicates
// stay. Missing files are remembered over all calls, so that one error can name them all.
class PathLists {
 public:
  explicit PathLists(std::filesystem::path root) : root_(std::move(root)) {}

  // The files of the entries, in order. kUsage for an entry that is there but holds no image (an empty folder or
  // list); empty for no entries.
  std::vector<std::filesystem::path> expand(const std::vector<std::string>& entries);

  // kUsage naming what expand() did not find: each once.
  void require_all_found() const;

  // kUsage naming list and line of rows with label 1, for those who want healthy images only.
  void require_healthy() const;

  // What lists said in a column `subject`, by the path that expand() gave.
  const ListedSubjects& subjects() const { return subjects_; }

 private:
  void expand_entry(const std::string& entry, std::vector<std::filesystem::path>& files);
  void expand_existing(const std::filesystem::path& path, std::vector<std::filesystem::path>& files);
  void read_list(const std::filesystem::path& list, std::vector<std::filesystem::path>& files);
  void remember_missing(const std::string& name);

  std::filesystem::path root_;
  std::vector<std::string> missing_;
  std::unordered_set<std::string> missing_names_;
  std::vector<std::string> not_healthy_;  // "'list.csv' line 7"
  ListedSubjects subjects_;
};

// The files of one list of entries; kUsage when there are none or any is missing.
std::vector<std::filesystem::path> expand_path_list(const std::vector<std::string>& entries,
                                                    const std::filesystem::path& root = {});

// The files of an experiment.
struct DataFiles {
  std::vector<std::filesystem::path> train, val, test;
  ListedSubjects subjects;
};

// kUsage naming every missing file of the three lists at once. A list without entries is empty.
DataFiles expand_data_options(const DataOptions& options);

// One row of a CSV list: its first column, those called `subject` and `label` (empty without), and its line from 1.
struct ListRow {
  std::string path;
  std::string subject;
  std::string label;
  std::size_t line = 0;
};

// The rows of a CSV list (see PathLists) but the header and those without a path.
std::vector<ListRow> list_rows(const std::string& text);

}  // namespace ra

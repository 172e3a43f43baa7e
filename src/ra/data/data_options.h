#pragma once

#include <string>
#include <vector>

namespace ra {

// Where the slices come from. Every entry is an image file, a folder (searched through), a glob, or a CSV list
// (one header line, then one path a line in the first column; relative to `root`, else to the working directory).
struct DataOptions {
  std::vector<std::string> train;
  std::vector<std::string> val;
  std::vector<std::string> test;
  // Folder that relative paths in lists start from; empty is the working directory.
  std::string root;
  // Lets train, val and test share subjects; reports then say so.
  bool allow_overlap = false;
};

}  // namespace ra

#pragma once

#include <filesystem>

namespace ra {

// What `ra synthesize` writes into its output folder, known by its names: manifests and lists by the whole name,
// pictures below images/ and masks/ by the end of their stem (a kind of lesion or `healthy`, then a number, then
// `outside`) or by `brain_<five digits>`.

// kUsage naming the first thing in the folder that a new data set could meet, unless `overwrite` is set.
void refuse_existing_data_set(const std::filesystem::path& output, bool overwrite);

// Removes such files of an earlier run, finished or not, and what folders that leaves empty. Other files stay.
void remove_generated_files(const std::filesystem::path& output);

}  // namespace ra

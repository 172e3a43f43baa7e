#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ra {

// The file name without its image ending: "a.nii.gz" -> "a", "b.c.png" -> "b.c".
std::string image_stem(const std::filesystem::path& path);

// A distinct name for the outputs of each input: its stem; where stems are equal, the stem with the path relative
// to the folder that the inputs share ("site_a/x"); where that is still equal, the file name with its ending.
// Equal paths get equal names. One name an input, in order.
std::vector<std::string> output_names(std::span<const std::filesystem::path> inputs);

}  // namespace ra

#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ra {

// The file name without its image ending: "a.nii.gz" -> "a", "b.c.png" -> "b.c".
std::string image_stem(const std::filesystem::path& path);

// What the name of slice `slice` of a volume has behind the volume's: "_s12".
std::string slice_mark(const std::string& slice);

// A distinct name for the outputs of each input: its stem; where stems are equal, the stem with the path relative
// to the folder that the inputs share ("site_a/x"); where that is still equal, the file name with its ending. No name
// is that of a slice of another input, if that one may be a volume ("v.npy" beside "v_s2.png", which becomes
// "v_s2.png"). Equal paths get equal names. `earlier` names inputs of an earlier run: these keep their names, and no
// other input gets one of them. One name an input, in order.
std::vector<std::string> output_names(std::span<const std::filesystem::path> inputs,
                                      const std::map<std::filesystem::path, std::string>& earlier = {});

}  // namespace ra

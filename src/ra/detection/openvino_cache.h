#pragma once

#include <filesystem>
#include <optional>

namespace ra {

// Where OpenVINO keeps graphs that it has compiled: openvino/ in RA_CACHE_DIR, else in $XDG_CACHE_HOME/ra, else in
// ~/.cache/ra; nullopt where nothing can be written there. What was not used for longest goes first when all of it
// exceeds 1 GiB. No two processes disturb each other.
std::optional<std::filesystem::path> openvino_cache_folder();

}  // namespace ra

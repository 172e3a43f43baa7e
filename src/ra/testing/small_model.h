#pragma once

#include <filesystem>

namespace ra::testing {

// Writes a checkpoint of a tiny network (32x32 pixels, random weights) as the reference's trainer would.
void write_small_model(const std::filesystem::path& path);

}  // namespace ra::testing

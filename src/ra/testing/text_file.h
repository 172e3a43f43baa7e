#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ra::testing {

// The bytes of a file; empty for one that is not there.
std::string content_of(const std::filesystem::path& path);
// Its lines without their ends.
std::vector<std::string> lines_of(const std::filesystem::path& path);

}  // namespace ra::testing

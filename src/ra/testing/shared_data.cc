#include "ra/testing/shared_data.h"

#include <cstdlib>

namespace ra::testing {

std::optional<std::filesystem::path> shared_folder() {
  const char* named = std::getenv("RA_SHARED");
  const std::filesystem::path folder =
      named != nullptr ? std::filesystem::path(named) : std::filesystem::path(RA_SOURCE_FOLDER) / ".." / "shared";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  return std::filesystem::canonical(folder);
}

}  // namespace ra::testing

#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ra::testing {

// The folder of optional test material: RA_SHARED, or `shared` beside the project.
// Empty when it is absent; the test then skips with GTEST_SKIP and the reason.
std::optional<std::filesystem::path> shared_folder();

}  // namespace ra::testing

// Ends the current test as skipped unless the shared folder holds `relative`; defines `name` as its path.
#define RA_SHARED_OR_SKIP(name, relative)                                           \
  const auto name##_root = ::ra::testing::shared_folder();                          \
  if (!name##_root || !std::filesystem::exists(*name##_root / (relative)))          \
    GTEST_SKIP() << "no " << (relative) << " in the shared folder (set RA_SHARED)"; \
  const std::filesystem::path name = *name##_root / (relative)

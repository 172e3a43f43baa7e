#include "ra/base/atomic_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(AtomicFile, ShowsNothingBeforeCommit) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  {
    AtomicFile file(path);
    file.write("half");
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(AtomicFile, KeepsTheOldFileWhenVerificationFails) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  write_file(path, std::string_view("old"));
  AtomicFile file(path);
  file.write("new");
  EXPECT_THROW(file.commit([](const auto&) { throw Error(ErrorCode::kIo, "refused"); }), Error);
  EXPECT_EQ(read_text_file(path), "old");
}

TEST(AtomicFile, ReplacesTheOldFileOnCommit) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  write_file(path, std::string_view("old"));
  write_file(path, std::string_view("new"));
  EXPECT_EQ(read_text_file(path), "new");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(AtomicFile, NamesAMissingFolder) {
  const testing::TemporaryFolder folder;
  try {
    AtomicFile file(folder.path() / "none" / "a.txt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("a.txt"), std::string::npos);
  }
}

TEST(ReadFile, RefusesFoldersMissingAndLargeFiles) {
  const testing::TemporaryFolder folder;
  write_file(folder.path() / "five", std::string_view("12345"));
  EXPECT_THROW(read_file(folder.path()), Error);
  EXPECT_THROW(read_file(folder.path() / "missing"), Error);
  EXPECT_THROW(read_file(folder.path() / "five", 4), Error);
  EXPECT_EQ(read_file(folder.path() / "five", 5).size(), 5u);
}

}  // namespace
}  // namespace ra

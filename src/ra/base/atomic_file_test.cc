#include "ra/base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST(AtomicFile, RemovesWhatKilledProcessesLeftAndNothingElse) {
  const testing::TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    new AtomicFile(folder.path() / "best.pt");
    ::_exit(0);  // without destructors, as a kill would
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  write_file(folder.path() / "a.tmp", std::string_view("mine"));
  const std::string of_parent = ".b.txt." + std::to_string(::getppid()) + ".0.tmp";
  write_file(folder.path() / of_parent, std::string_view("of a process that runs"));
  EXPECT_EQ(files_in(folder.path()), 3u);
  EXPECT_EQ(remove_stale_temporaries(folder.path()), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a.tmp"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / of_parent));
  EXPECT_EQ(remove_stale_temporaries(folder.path() / "none"), 0u);
}

TEST(AtomicFile, LinksAreReplacedInOneStep) {
  const testing::TemporaryFolder folder;
  const auto link = folder.path() / "latest";
  for (const char* name : {"a", "b"}) {
    write_file(folder.path() / name, std::string_view(name));
    replace_link(link, name);
    EXPECT_EQ(read_text_file(link), name);
  }
  EXPECT_EQ(files_in(folder.path()), 3u);
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

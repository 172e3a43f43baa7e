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

TEST(UnsyncedFiles, HoldFilesThatStandUnderTheirNames) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "b");
  UnsyncedFiles files;
  for (const char* name : {"a", "b/c"}) {
    AtomicFile file(folder.path() / name);
    file.write(name);
    file.commit(files);
    EXPECT_EQ(read_text_file(folder.path() / name), name);
  }
  EXPECT_EQ(files.size(), 2u);
  files.sync();
  EXPECT_EQ(files.size(), 0u);
  EXPECT_EQ(read_text_file(folder.path() / "b" / "c"), "b/c");
  EXPECT_EQ(files_in(folder.path()), 2u);
}

// A pipe cannot be waited for: it stands for a disk that did not take the file.
TEST(UnsyncedFiles, RemoveAndNameWhatDidNotReachTheDisk) {
  const testing::TemporaryFolder folder;
  UnsyncedFiles files;
  AtomicFile good(folder.path() / "good");
  good.commit(files);
  write_file(folder.path() / "bad", std::string_view("x"));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  files.add(folder.path() / "bad", ends[1]);
  ::close(ends[0]);
  try {
    files.sync();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("bad"), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "good"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "bad"));
  EXPECT_EQ(files.size(), 0u);
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

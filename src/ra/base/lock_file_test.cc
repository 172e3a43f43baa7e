#include "ra/base/lock_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ra/base/atomic_file.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

TEST(LockFile, NamesTheProcessThatHoldsIt) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "train.lock";
  const LockFile held(path);
  // flock() belongs to the open file, so a second opening is refused in one process as well.
  testing::expect_error(ErrorCode::kUsage, {"process " + std::to_string(::getpid()), folder.path().string()},
                        [&] { LockFile second(path); });
}

TEST(LockFile, IsFreeAgainAfterItsHolder) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "train.lock";
  {
    const LockFile held(path);
  }
  EXPECT_EQ(read_text_file(path), "");
  const LockFile again(path);
}

TEST(LockFile, DoesNotOutliveAProcessThatWasKilled) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "train.lock";
  const pid_t child = ::fork();
  if (child == 0) {
    new LockFile(path);
    ::_exit(0);  // without destructors, as a kill would
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_NE(read_text_file(path), "");
  const LockFile again(path);
}

TEST(LockFile, NamesAFolderThatIsNotThere) {
  const testing::TemporaryFolder folder;
  testing::expect_error(ErrorCode::kIo, {"train.lock"}, [&] { LockFile lock(folder.path() / "none" / "train.lock"); });
}

}  // namespace
}  // namespace ra

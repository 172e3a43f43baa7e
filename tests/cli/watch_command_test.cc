#include <gmock/gmock.h>

#include <filesystem>

#include "ra/base/atomic_file.h"
#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WatchCommand, PrintsARunningTrainingOnceWithoutATerminal) {
  const TemporaryFolder folder;
  write_file(folder.path() / "config.yaml", "training:\n  epochs: 3\n  warmup:\n    epochs: 5\n");
  write_file(folder.path() / "metrics.jsonl",
             "{\"epoch\":1,\"phase\":\"warmup\",\"lr\":0.1,\"Val/squared_error_mean\":9.5,\"_runtime\":60}\n{\"ep");
  const ProgramResult result = run_ra({"watch", folder.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("epoch 1/8, warmup, 1m00s so far, about 7m00s left"));
  EXPECT_THAT(result.out, HasSubstr("validation, mean"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST(WatchCommand, RefusesAFolderWithoutATraining) {
  const TemporaryFolder folder;
  const ProgramResult result = run_ra({"watch", folder.path()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("metrics.jsonl"));
  EXPECT_EQ(run_ra({"watch"}).exit_code, 2);
}

}  // namespace
}  // namespace ra::testing

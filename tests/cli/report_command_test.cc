#include <gmock/gmock.h>

#include <filesystem>

#include "ra/base/atomic_file.h"
#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

using ::testing::HasSubstr;

TEST(ReportCommand, WritesThePageIntoTheRunAndAgainWhileItTrains) {
  const TemporaryFolder folder;
  write_file(folder.path() / "metrics.jsonl", "{\"epoch\":1,\"phase\":\"warmup\",\"lr\":0.1}\n{\"ep");
  for (int k = 0; k < 2; ++k) {
    const ProgramResult result = run_ra({"report", folder.path()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("report.html"));
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "report.html"));
}

TEST(ReportCommand, NamesBrokenFilesAndEndsWithOne) {
  const TemporaryFolder folder;
  write_file(folder.path() / "results.json", "{\"metrics\":");
  const ProgramResult result = run_ra({"report", folder.path()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("half-written"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "report.html"));
}

TEST(ReportCommand, RefusesFoldersThatHoldNothingKnown) {
  const TemporaryFolder folder;
  const ProgramResult result = run_ra({"report", folder.path()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("expected the output folder of"));
  EXPECT_EQ(run_ra({"report"}).exit_code, 2);
}

}  // namespace
}  // namespace ra::testing

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A run folder as a training leaves it, two epochs and an end.
class TrackCommand : public ::testing::Test {
 protected:
  TrackCommand() {
    fs::create_directory(run());
    write("config.yaml", "name: brains\n");
    write("metrics.jsonl", kRows);
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(run() / name) << text; }
  fs::path run() const { return folder_.path() / "run"; }
  fs::path output() const { return folder_.path() / "out"; }
  ProgramResult export_run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"track", "export", run()});
    return run_ra(words);
  }

  static constexpr const char* kRows =
      "{\"epoch\":1,\"lr\":0.1,\"_step\":1,\"_timestamp\":1700000001.5,\"_runtime\":1.5}\n"
      "{\"epoch\":2,\"lr\":0.2,\"_step\":2,\"_timestamp\":1700000002.5,\"_runtime\":2.5}\n"
      "{\"phase\":\"end\",\"_exit_code\":0,\"_step\":2,\"_timestamp\":1700000003.5,\"_runtime\":3.5}\n";
  TemporaryFolder folder_;
};

TEST_F(TrackCommand, MakesBothAndSaysWhereTheyAre) {
  const ProgramResult result = export_run({"--wandb", "--tensorboard", "--output", output()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("2 rows, exit code 0"), HasSubstr("wandb sync"), HasSubstr("tensorboard --logdir")));
  // Names hold the moment that the run began (2023-11-14 22:13:20 UTC).
  EXPECT_THAT(fs::directory_iterator(output() / "wandb")->path().filename().string(),
              HasSubstr("offline-run-20231114_221320-"));
  EXPECT_THAT(fs::directory_iterator(output() / "tensorboard")->path().filename().string(),
              HasSubstr("events.out.tfevents.1700000000."));
}

TEST_F(TrackCommand, WritesIntoTheRunAndReplacesOnlyWhenTold) {
  ASSERT_EQ(export_run({"--wandb"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(run() / "wandb"));
  const ProgramResult again = export_run({"--wandb"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  EXPECT_EQ(export_run({"--wandb", "--overwrite", "--quiet"}).exit_code, 0);
}

TEST_F(TrackCommand, LeavesOutARowThatWasNotFinished) {
  write("metrics.jsonl", std::string(kRows).substr(0, 200));
  const ProgramResult result = export_run({"--tensorboard"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("not finished"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("2 rows"), HasSubstr("no end")));
}

TEST_F(TrackCommand, NamesTheDamagedLine) {
  write("metrics.jsonl", "{\"epoch\":1}\n{\"epo\n" + std::string(kRows));
  const ProgramResult result = export_run({"--wandb"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("metrics.jsonl"), HasSubstr("line 2")));
  EXPECT_FALSE(fs::exists(run() / "wandb"));
}

TEST_F(TrackCommand, RefusesWhatIsNoRun) {
  EXPECT_THAT(export_run({}).err, AllOf(HasSubstr("--wandb"), HasSubstr("--tensorboard")));
  fs::remove(run() / "metrics.jsonl");
  const ProgramResult without_rows = export_run({"--wandb"});
  EXPECT_EQ(without_rows.exit_code, 1);
  EXPECT_THAT(without_rows.err, HasSubstr("metrics.jsonl"));
  fs::remove(run() / "config.yaml");
  const ProgramResult without_config = export_run({"--wandb"});
  EXPECT_EQ(without_config.exit_code, 2);
  EXPECT_THAT(without_config.err, HasSubstr("config.yaml"));
}

TEST(TrackingOfARun, GoesFromTheFirstEpochToTheDownstreamTasks) {
  const TemporaryFolder folder;
  const auto ra = [&](const std::vector<std::string>& words) { return run_ra(words, {folder.path(), {}}); };
  ASSERT_EQ(ra({"synthesize", "--output", ".", "--count", "8", "--seed", "3", "--lesions"}).exit_code, 0);
  std::ofstream(folder.path() / "tiny.yaml") << R"(output: run
data: {train: lists/train.csv, val: lists/val.csv}
model: {image_size: 32, channels: [4, 4], latent_size: 8}
training: {epochs: 1, warmup: {epochs: 1}}
tracking: {sinks: [tensorboard, wandb]}
downstream_tasks:
  - {name: scores, datasets: [{name: Normal, test: lists/test.csv}, {name: lesions, test: lists/lesions.csv}]}
)";
  const ProgramResult result = ra({"run", "tiny.yaml", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string rows = content_of(folder.path() / "run/metrics.jsonl");
  EXPECT_THAT(rows, HasSubstr("\"evaluation\":\"downstream/scores\""));
  EXPECT_THAT(rows, HasSubstr("\"_exit_code\":0"));
  // What was written on the way is what an export makes of it.
  ASSERT_EQ(ra({"track", "export", "run", "--wandb", "--tensorboard", "--output", "again"}).exit_code, 0);
  std::size_t files = 0;
  for (const char* sink : {"wandb", "tensorboard"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "run" / sink)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const fs::path name = entry.path().lexically_relative(folder.path() / "run");
      EXPECT_EQ(content_of(entry.path()), content_of(folder.path() / "again" / name)) << name;
    }
  }
  EXPECT_GE(files, 1 + 1 + 3 + 3u);  // events, log, files/, a sheet and two tables
}

}  // namespace
}  // namespace ra::testing

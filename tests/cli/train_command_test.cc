#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "ra/base/atomic_file.h"
#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// Twelve synthetic brains and an experiment that trains a tiny network on them.
class TrainCommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const auto made = run_ra({"synthesize", "--output", brains(), "--count", "12", "--seed", "1", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write_file(folder_->path() / "tiny.yaml",
               "data: {train: lists/train.csv, val: lists/val.csv}\n"
               "model: {image_size: 32, channels: [8, 16, 16], latent_size: 16}\n"
               "training: {epochs: 1, examples_every: 2, warmup: {epochs: 1}}\n");
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string brains() { return (folder_->path() / "brains").string(); }
  static fs::path run(const std::string& name) { return folder_->path() / name; }
  static std::vector<std::string> words(const std::string& name, std::vector<std::string> more = {}) {
    std::vector<std::string> all{"train",  (folder_->path() / "tiny.yaml").string(), "--data-root", brains(),
                                 "--output", run(name).string(), "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

 private:
  static inline TemporaryFolder* folder_ = nullptr;
};

TEST_F(TrainCommandTest, LeavesAWholeRunFolder) {
  const auto result = run_ra(words("whole"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("best.pt"));
  EXPECT_THAT(result.out, HasSubstr("mean training picture"));
  for (const char* name : {"checkpoints/best.pt", "checkpoints/latest.pt", "config.yaml", "environment.json",
                           "figures/epoch_0002.png"}) {
    EXPECT_TRUE(fs::exists(run("whole") / name)) << name;
  }
  const std::string metrics = read_text_file(run("whole") / "metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 3) << "yardsticks and two epochs";
  const auto info = run_ra({"model", "info", (run("whole") / "checkpoints/best.pt").string()});
  EXPECT_EQ(info.exit_code, 0) << info.err;
}

TEST_F(TrainCommandTest, WritesTheSameBytesForTheSameSeedWhateverTheLoaderThreads) {
  ASSERT_EQ(run_ra(words("one", {"--seed", "5", "--quiet"})).exit_code, 0);
  ASSERT_EQ(run_ra(words("two", {"--seed", "5", "--quiet", "--set", "training.loader_threads=3"})).exit_code, 0);
  ASSERT_EQ(run_ra(words("other", {"--seed", "6", "--quiet"})).exit_code, 0);
  const auto latest = [](const char* name) { return read_file(run(name) / "checkpoints/latest.pt"); };
  EXPECT_EQ(latest("one"), latest("two"));
  EXPECT_NE(latest("one"), latest("other"));
}

TEST_F(TrainCommandTest, EndsWith2RatherThanWriteOver) {
  ASSERT_EQ(run_ra(words("kept", {"--quiet"})).exit_code, 0);
  const auto best = read_file(run("kept") / "checkpoints/best.pt");
  const auto again = run_ra(words("kept", {"--seed", "6"}));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  EXPECT_EQ(read_file(run("kept") / "checkpoints/best.pt"), best);
  const auto over = run_ra(words("kept", {"--seed", "6", "--overwrite", "--quiet"}));
  EXPECT_EQ(over.exit_code, 0) << over.err;
  EXPECT_EQ(over.out, "");
  EXPECT_NE(read_file(run("kept") / "checkpoints/best.pt"), best);
}

TEST_F(TrainCommandTest, NamesMissingAndUnreadableFilesBeforeAnythingIsTrained) {
  const auto missing = run_ra(words("missing", {"--set", "data.val=lists/no_such_list.csv"}));
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("no_such_list.csv"));
  EXPECT_FALSE(fs::exists(run("missing")));

  const fs::path broken = run("broken.png");
  write_file(broken, "no picture");
  const auto unreadable = run_ra(words("unreadable", {"--set", "data.val=" + broken.string()}));
  EXPECT_EQ(unreadable.exit_code, 1);
  EXPECT_THAT(unreadable.err, HasSubstr("broken.png"));
  EXPECT_THAT(unreadable.err, Not(HasSubstr("internal")));
}

TEST_F(TrainCommandTest, SavesTheLatestModelWhenItIsAskedToStop) {
  // Long enough that only the signal can end it.
  std::vector<std::string> command{"timeout", "--preserve-status", "--signal=TERM", "5", std::getenv("RA_BINARY")};
  const auto options = words("stopped", {"--set", "training.epochs=1000000", "--set", "training.patience=1000000"});
  command.insert(command.end(), options.begin(), options.end());
  const auto result = run_program(command);
  EXPECT_EQ(result.exit_code, 143) << result.err;
  EXPECT_THAT(result.out, HasSubstr("stopped by a signal"));
  EXPECT_TRUE(fs::exists(run("stopped") / "checkpoints/latest.pt"));
}

TEST_F(TrainCommandTest, RefusesASubjectInTwoSplitsUnlessAllowed) {
  const std::vector<std::string> shared = {"--set", "data.val=lists/train.csv", "--quiet"};
  const auto refused = run_ra(words("shared", shared));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("are in both data.train and data.val"));
  EXPECT_THAT(refused.err, HasSubstr("--allow-overlap"));
  EXPECT_FALSE(fs::exists(run("shared")));
  auto allowed = shared;
  allowed.push_back("--allow-overlap");
  const auto done = run_ra(words("shared", allowed));
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(TrainCommandTest, StoresWhomItSawSoThatCalibrationRefusesThem) {
  ASSERT_EQ(run_ra(words("seen", {"--quiet"})).exit_code, 0);
  const std::string best = (run("seen") / "checkpoints/best.pt").string();
  EXPECT_THAT(run_ra({"model", "info", best}).out, HasSubstr("training_subjects"));
  const auto refused = run_ra({"calibrate", "--model", best, brains() + "/lists/train.csv", "--data-root", brains(),
                               "--output", run("leaking.ra").string(), "--fpr", "0.5"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("belong to its training"));
}

}  // namespace
}  // namespace ra::testing

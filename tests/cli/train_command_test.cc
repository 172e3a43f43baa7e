#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "ra/base/atomic_file.h"
#include "ra/model/checkpoint.h"
#include "ra/testing/run_program.h"
#include "ra/testing/shared_data.h"
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
    std::vector<std::string> all{"train",       (folder_->path() / "tiny.yaml").string(),
                                 "--data-root", brains(),
                                 "--output",    run(name).string(),
                                 "--threads",   "1"};
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
  for (const char* name :
       {"checkpoints/best.pt", "checkpoints/latest.pt", "config.yaml", "environment.json", "figures/epoch_0002.png"}) {
    EXPECT_TRUE(fs::exists(run("whole") / name)) << name;
  }
  const std::string metrics = read_text_file(run("whole") / "metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 4) << "yardsticks, two epochs, the end";
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

TEST_F(TrainCommandTest, SavesItsStateWhenItIsAskedToStopAndGoesOnFromThere) {
  for (const auto& [signal, code] :
       {std::pair{"TERM", 143}, std::pair{"INT", 130}, std::pair{"USR1", 138}, std::pair{"HUP", 129}}) {
    // Long enough that only the signal can end it, which comes after the first epoch.
    const std::string name = std::string("stopped_") + signal;
    const char* script =
        "set -m; \"${@:3}\" & until [ -s \"$1\" ] || ! kill -0 $!; do sleep 0.05; done; kill -s $2 $!; wait $!";
    std::vector<std::string> command{
        "bash", "-c", script, "bash", (run(name) / "metrics.jsonl").string(), signal, std::getenv("RA_BINARY")};
    const auto options = words(name, {"--set", "training.epochs=1000000", "--set", "training.patience=1000000"});
    command.insert(command.end(), options.begin(), options.end());
    const auto stopped = run_program(command);
    EXPECT_EQ(stopped.exit_code, code) << stopped.err;
    EXPECT_THAT(stopped.out, HasSubstr("stopped by a signal"));
    EXPECT_THAT(stopped.out, HasSubstr("ra train --resume " + run(name).string()));
    EXPECT_TRUE(fs::exists(run(name) / "checkpoints/latest.pt"));
    const auto resumed =
        run_ra({"train", "--resume", run(name).string(), "--threads", "1", "--set", "training.max_minutes=0.0001"});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.out, HasSubstr("stopped by training.max_minutes"));
  }
}

TEST_F(TrainCommandTest, ResumesWithoutAConfigurationAndCanBeMadeLonger) {
  const auto whole = run_ra(words("whole_3", {"--quiet", "--set", "training.epochs=2"}));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  ASSERT_EQ(run_ra(words("longer", {"--quiet"})).exit_code, 0);
  const auto longer =
      run_ra({"train", "--resume", run("longer").string(), "--threads", "1", "--set", "training.epochs=2"});
  ASSERT_EQ(longer.exit_code, 0) << longer.err;
  EXPECT_THAT(longer.err, HasSubstr("goes on after 2 epochs"));
  for (const char* name : {"checkpoints/best.pt", "checkpoints/latest.pt"}) {
    EXPECT_EQ(read_file(run("longer") / name), read_file(run("whole_3") / name)) << name;
  }
  EXPECT_THAT(read_text_file(run("longer") / "config.yaml"), HasSubstr("epochs: 2"));
  EXPECT_THAT(read_text_file(run("longer") / "environment.json"), HasSubstr("resumed"));
  const auto shorter = run_ra({"train", "--resume", run("longer").string(), "--set", "training.epochs=1"});
  EXPECT_EQ(shorter.exit_code, 2);
  EXPECT_THAT(shorter.err, HasSubstr("the least is 2"));
  EXPECT_THAT(read_text_file(run("longer") / "config.yaml"), HasSubstr("epochs: 2"));
}

TEST_F(TrainCommandTest, RefusesToGoOnWithOtherSettingsOrData) {
  ASSERT_EQ(run_ra(words("fixed", {"--quiet"})).exit_code, 0);
  const auto resume = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"train", "--resume", run("fixed").string(), "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return run_ra(all);
  };
  const auto rate = resume({"--set", "training.learning_rate=0.5"});
  EXPECT_EQ(rate.exit_code, 2);
  EXPECT_THAT(rate.err, HasSubstr("training.learning_rate was 5e-05 and is 0.5"));
  const auto data = resume({"--set", "data.train=lists/test.csv", "--set", "training.epochs=3"});
  EXPECT_EQ(data.exit_code, 2);
  EXPECT_THAT(data.err, HasSubstr("data.train is not what the run began with"));
  const auto config = resume({(run("fixed") / "config.yaml").string()});
  EXPECT_EQ(config.exit_code, 2);
  const auto missing = run_ra({"train", "--resume", run("nosuch").string()});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("does not exist"));
  const auto alone = run_ra({"train", "--resume", (run("fixed") / "checkpoints/best.pt").string()});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.err, HasSubstr("needs CONFIG and --output"));
  const auto none = run_ra({"train", "--resume", brains()});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("holds no run"));
}

TEST_F(TrainCommandTest, RefusesToBeginARunAnewThatHasSavedSomething) {
  ASSERT_EQ(run_ra(words("rowless", {"--quiet"})).exit_code, 0);
  const auto best = read_file(run("rowless") / "checkpoints/best.pt");
  fs::remove(run("rowless") / "metrics.jsonl");
  const auto resumed = run_ra({"train", "--resume", run("rowless").string(), "--threads", "1"});
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_THAT(resumed.err, HasSubstr("metrics.jsonl"));
  EXPECT_EQ(read_file(run("rowless") / "checkpoints/best.pt"), best);
}

TEST_F(TrainCommandTest, KeepsTheOldRunUntilTheNewOneHasSavedSomething) {
  ASSERT_EQ(run_ra(words("twice", {"--quiet"})).exit_code, 0);
  const auto old_best = read_file(run("twice") / "checkpoints/best.pt");
  // Stops in its first step, before anything is saved: no step may be bad, and the rate makes the first one so.
  const auto failed = run_ra(words(
      "twice", {"--overwrite", "--set", "training.warmup.learning_rate=1e30", "--set", "training.max_bad_steps=0"}));
  EXPECT_EQ(failed.exit_code, 3) << failed.err;
  EXPECT_THAT(read_text_file(run("twice") / "metrics.jsonl"), HasSubstr("\"_exit_code\":3"));
  EXPECT_EQ(read_file(run("twice") / "replaced/checkpoints/best.pt"), old_best);
  // Neither does one that has a state and no best model.
  fs::copy_file(run("twice") / "replaced/checkpoints/latest.pt", run("twice") / "checkpoints/state_00000_000001.pt");
  const auto again = run_ra(words(
      "twice", {"--overwrite", "--set", "training.warmup.learning_rate=1e30", "--set", "training.max_bad_steps=0"}));
  EXPECT_EQ(again.exit_code, 3) << again.err;
  EXPECT_EQ(read_file(run("twice") / "replaced/checkpoints/best.pt"), old_best);
  const auto done = run_ra(words("twice", {"--overwrite", "--seed", "6", "--quiet"}));
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_FALSE(fs::exists(run("twice") / "replaced"));
  EXPECT_NE(read_file(run("twice") / "checkpoints/best.pt"), old_best);
}

TEST_F(TrainCommandTest, BeginsFromACheckpointOfAnotherRun) {
  ASSERT_EQ(run_ra(words("parent", {"--quiet"})).exit_code, 0);
  const std::string parent = (run("parent") / "checkpoints/best.pt").string();
  const auto spent = run_ra(words("child", {"--resume", parent}));
  EXPECT_EQ(spent.exit_code, 2);
  EXPECT_THAT(spent.err, HasSubstr("raise training.epochs"));
  const auto child = run_ra(words("child", {"--resume", parent, "--set", "training.epochs=3"}));
  ASSERT_EQ(child.exit_code, 0) << child.err;
  EXPECT_THAT(child.err, HasSubstr("begins with the model of"));
  EXPECT_THAT(child.err, HasSubstr("the best epoch"));
}

// Checkpoints with the layout of the reference's own, 5 steps old, of the shape of tiny.yaml.
TEST_F(TrainCommandTest, GoesOnWithARunOfTheReference) {
  RA_SHARED_OR_SKIP(good, "parity/checkpoints/good");
  for (const char* file : {"best_model.pt", "best_model_legacy.pt", "best_model_torch19_cuda.pt", "latest_model.pt"}) {
    SCOPED_TRACE(file);
    const bool has_moments = std::string(file) != "latest_model.pt";
    const auto result = run_ra(words("reference", {"--resume", (good / file).string(), "--overwrite", "--set",
                                                   "training.epochs=7", "--set", "training.warmup.epochs=0"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("after its 5 epochs"));
    EXPECT_THAT(result.err, HasSubstr("does not hold the best epoch"));
    EXPECT_EQ(result.err.find("optimizer_e_weights") == std::string::npos, has_moments);
    const Checkpoint latest = read_checkpoint(run("reference") / "checkpoints/latest.pt");
    const CheckpointValue* adam = latest.root.find("optimizer_d_weights")->find("state");
    const auto& first = std::get<CheckpointValue::Dict>(adam->value).front().second;
    // Two epochs of one step each.
    EXPECT_EQ(std::get<at::Tensor>(first.find("step")->value).item<double>(), has_moments ? 7.0 : 2.0);
  }
}

TEST_F(TrainCommandTest, ComputesAsFidelityAndPrecisionSayAndGoesOnOnlySo) {
  const auto trained = run_ra(words("fast", {"--precision", "bf16", "--set", "training.fidelity=fast", "--quiet"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string environment = read_text_file(run("fast") / "environment.json");
  EXPECT_THAT(environment, HasSubstr(R"("precision": "bf16")"));
  EXPECT_THAT(environment, HasSubstr(R"("fidelity": "fast")"));
  const auto other = run_ra({"train", "--resume", run("fast").string(), "--precision", "fp32"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("training.precision was \"bf16\" and is \"fp32\""));
  const auto batch = run_ra(words("batch", {"--set", "training.fidelity=fast", "--set", "training.batch_norm=batch"}));
  EXPECT_EQ(batch.exit_code, 2);
  EXPECT_THAT(batch.err, HasSubstr("training.batch_norm frozen"));
}

TEST_F(TrainCommandTest, RefusesATrainingThatNeedsMoreMemoryThanThereIs) {
  const auto result = run_ra(words("huge", {"--set", "model.image_size=512", "--set", "model.channels=[512, 512, 512]",
                                            "--set", "training.batch_size=4096"}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("GiB are available"));
  EXPECT_FALSE(fs::exists(run("huge") / "config.yaml"));
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

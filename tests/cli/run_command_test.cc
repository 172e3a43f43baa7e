#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/testing/program_test.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Synthetic brains, and an experiment on them that takes a second.
class RunCommand : public ProgramTest {
 protected:
  void SetUp() override {
    const ProgramResult made = ra({"synthesize", "--output", ".", "--count", "8", "--seed", "3", "--lesions"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write("tiny.yaml", kTiny);
  }
  std::string read_text(const std::string& name) const { return read_text_file(path(name)); }

  static constexpr const char* kTiny = R"(name: tiny
output: run
data: {train: lists/train.csv, val: lists/val.csv, test: lists/test.csv}
model: {image_size: 32, channels: [4, 4], latent_size: 8}
augmentation: {enabled: false}
training: {epochs: 1, warmup: {epochs: 1}}
downstream_tasks:
  - name: scores
    kind: detection
    datasets:
      - {name: Normal, test: lists/test.csv}
      - {name: lesions, test: lists/lesions.csv, labels: lists/lesions_ann.csv}
  - name: boxes
    kind: localization
    datasets:
      - {name: lesions, test: lists/lesions.csv, labels: lists/lesions_ann.csv, masks: lists/lesions_neg.csv}
)";
};

TEST_F(RunCommand, TrainsTestsAndRunsEveryDownstreamTask) {
  const ProgramResult result = ra({"run", "tiny.yaml"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Squared error on test: "), HasSubstr("lesions: auroc"),
                                HasSubstr("Downstream task boxes (localization)"), HasSubstr("detection_rate")));
  for (const char* name : {"run/config.yaml", "run/environment.json", "run/metrics.jsonl", "run/checkpoints/best.pt",
                           "run/downstream/scores/cases.csv", "run/downstream/scores/sheet.png",
                           "run/downstream/boxes/results.json", "run/downstream/boxes/boxes.csv"}) {
    EXPECT_TRUE(fs::exists(path(name))) << name;
  }
  const auto results = nlohmann::json::parse(content_of(path("run/downstream/scores/results.json")));
  EXPECT_EQ(results.at("training_subjects"), "known");
  EXPECT_EQ(results.at("metrics").at(0).at("set"), "lesions");
  EXPECT_TRUE(results["metrics"][0].at("value").is_number());
  EXPECT_THAT(content_of(path("run/metrics.jsonl")), HasSubstr("\"Test/Test_loss_mse\""));
  const auto environment = nlohmann::json::parse(content_of(path("run/environment.json")));
  EXPECT_EQ(environment.at("seed"), 2109);
  EXPECT_THAT(environment.at("commit").get<std::string>(), ::testing::MatchesRegex("[0-9a-f]+(-dirty)?|unknown"));
  EXPECT_EQ(environment["data"]["train"]["sha256"].get<std::string>().size(), 64u);

  // Without training, too, the test slices give boxes their threshold.
  const ProgramResult again = ra({"run", "tiny.yaml", "--set", "task=test", "--set", "weights=run/checkpoints/best.pt",
                                  "--set", "output=again", "--quiet"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto boxes = nlohmann::json::parse(content_of(path("again/downstream/boxes/results.json")));
  EXPECT_TRUE(boxes.at("threshold").is_number());
}

TEST_F(RunCommand, GoesOnWithARunWhoseTrainingWasStopped) {
  ASSERT_EQ(ra({"run", "tiny.yaml", "--quiet", "--set", "output=whole", "--set", "training.epochs=2"}).exit_code, 0);
  // As a kill after the training's first two epochs leaves it.
  ASSERT_EQ(ra({"train", "tiny.yaml", "--quiet", "--output", "run"}).exit_code, 0);
  fs::copy_file(path("whole/config.yaml"), path("run/config.yaml"), fs::copy_options::overwrite_existing);
  const ProgramResult result = ra({"run", "--resume", "run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Squared error on test: "), HasSubstr("Downstream task boxes")));
  EXPECT_EQ(read_text("run/downstream/scores/cases.csv"), read_text("whole/downstream/scores/cases.csv"));
  EXPECT_EQ(ra({"run", "--resume", "run", "tiny.yaml"}).exit_code, 2);
}

TEST_F(RunCommand, LosesNoRowWhenItsFinishedTrainingIsResumed) {
  ASSERT_EQ(ra({"run", "tiny.yaml", "--quiet"}).exit_code, 0);
  const std::string rows = read_text("run/metrics.jsonl"), config = read_text("run/config.yaml");
  const ProgramResult resumed = ra({"train", "--resume", "run"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("nothing to go on with"));
  EXPECT_EQ(read_text("run/metrics.jsonl"), rows);
  EXPECT_EQ(read_text("run/config.yaml"), config);
}

TEST_F(RunCommand, WritesAConfigurationThatMeansTheSame) {
  ASSERT_EQ(ra({"run", "tiny.yaml", "--seed", "5", "--set", "training.batch_size=3", "--quiet"}).exit_code, 0);
  const std::string resolved = content_of(path("run/config.yaml"));
  EXPECT_THAT(resolved, AllOf(HasSubstr("seed: 5\n"), HasSubstr("batch_size: 3\n")));
  EXPECT_EQ(ra({"config", "show", "run/config.yaml"}).out, resolved);
  const std::string scores = content_of(path("run/downstream/scores/cases.csv"));
  ASSERT_EQ(ra({"run", "run/config.yaml", "--overwrite", "--quiet"}).exit_code, 0);
  EXPECT_EQ(content_of(path("run/downstream/scores/cases.csv")), scores);
}

TEST_F(RunCommand, ScoresWithGivenWeightsAsTheTrainingRunDid) {
  ASSERT_EQ(ra({"run", "tiny.yaml", "--quiet"}).exit_code, 0);
  const ProgramResult again = ra(
      {"run", "tiny.yaml", "--set", "task=test", "--set", "weights=run/checkpoints/best.pt", "--set", "output=again"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto scores = [&](const char* run) {
    return nlohmann::json::parse(content_of(path(run) / "downstream/scores/results.json")).at("curves");
  };
  EXPECT_EQ(scores("again"), scores("run"));
  EXPECT_FALSE(fs::exists(path("again/checkpoints")));
}

TEST_F(RunCommand, LeavesEarlierResultsIntactWhenItCannotGoOn) {
  ASSERT_EQ(ra({"run", "tiny.yaml", "--quiet"}).exit_code, 0);
  const std::string best = content_of(path("run/checkpoints/best.pt")), config = content_of(path("run/config.yaml"));
  const auto intact = [&] {
    return content_of(path("run/checkpoints/best.pt")) == best && content_of(path("run/config.yaml")) == config;
  };
  const ProgramResult unasked = ra({"run", "tiny.yaml"});
  EXPECT_EQ(unasked.exit_code, 2);
  EXPECT_THAT(unasked.err, AllOf(HasSubstr("'run' holds results already"), HasSubstr("--overwrite")));
  EXPECT_TRUE(intact());
  const ProgramResult other_shape = ra({"run", "tiny.yaml", "--overwrite", "--set", "task=test", "--set",
                                        "weights=run/checkpoints/best.pt", "--set", "model.latent_size=9"});
  EXPECT_EQ(other_shape.exit_code, 2);
  EXPECT_THAT(other_shape.err, AllOf(HasSubstr("best.pt"), HasSubstr("latent 8"), HasSubstr("latent 9")));
  EXPECT_TRUE(intact());
  write("broken.csv", "filename\nbroken.png\n");
  write("broken.png", "no picture");
  const ProgramResult unreadable = ra({"run", "tiny.yaml", "--overwrite", "--set", "data.val=broken.csv"});
  EXPECT_EQ(unreadable.exit_code, 1);
  EXPECT_THAT(unreadable.err, HasSubstr("broken.png"));
  EXPECT_TRUE(intact());
}

TEST_F(RunCommand, GoesOnPastAPictureThatCannotBeScored) {
  write("broken.png", "no picture");
  write("some.csv", content_of(path("lists/lesions.csv")) + "broken.png\n");
  write("c.yaml", std::string(kTiny).replace(
                      std::string(kTiny).find("lists/lesions.csv, labels: lists/lesions_ann.csv"), 48, "some.csv"));
  const ProgramResult result = ra({"run", "c.yaml"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("broken.png"));
  EXPECT_THAT(result.out, HasSubstr("lesions: auroc"));
}

TEST_F(RunCommand, TakesTheFileOneWayOrTheOther) {
  EXPECT_EQ(ra({"run"}).exit_code, 2);
  EXPECT_EQ(ra({"run", "tiny.yaml", "--config_path", "tiny.yaml"}).exit_code, 2);
  const ProgramResult quiet = ra({"run", "--config_path", "tiny.yaml", "--quiet"});
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_EQ(quiet.out, "");  // downstream tasks included
}

TEST_F(RunCommand, NamesEveryMissingFileAndMakesNothing) {
  fs::remove(path("lists/val.csv"));
  fs::remove(path("lists/lesions_neg.csv"));
  const ProgramResult result = ra({"run", "tiny.yaml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("2 files are missing"), HasSubstr("val.csv"), HasSubstr("lesions_neg.csv")));
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(RunCommand, RunsTheSharedReferenceFileUnchanged) {
  RA_SHARED_OR_SKIP(shared, "reference_config");
  const ProgramResult result = ra({"run", shared / "small.yaml"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Downstream task detection (detection)"), HasSubstr("lesions: auroc"),
                                HasSubstr("(localization)")));
  EXPECT_THAT(result.err, HasSubstr("trainer.params.loss has no effect"));
  const auto runs = fs::directory_iterator(path("weights/small"));
  EXPECT_TRUE(fs::exists(runs->path() / "downstream" / "detection" / "cases.csv"));
}

}  // namespace
}  // namespace ra::testing

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ra/testing/program_test.h"
#include "ra/testing/small_model.h"
#include "ra/testing/text_file.h"
#include "reference_experiment.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Synthetic brains with lesions, their lists and manifest, and a model that has learnt nothing.
class EvaluateCommand : public ProgramTest {
 protected:
  void SetUp() override {
    const ProgramResult made = ra({"synthesize", "--output", ".", "--count", "20", "--seed", "3", "--lesions"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write_small_model(path("model.pt"));
  }
  ProgramResult evaluate(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"evaluate", "--model", "model.pt", "--output", "out", "--resamples", "100"};
    words.insert(words.end(), more.begin(), more.end());
    return ra(words);
  }
  nlohmann::json results(const char* folder) const {
    return nlohmann::json::parse(content_of(path(folder) / "results.json"));
  }
};

TEST_F(EvaluateCommand, WritesTheFolderThatReportsRead) {
  const ProgramResult result =
      evaluate({"--manifest", "brains=manifest.csv", "--split", "test", "--train", "lists/train.csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("auroc"), HasSubstr("mean_picture"), HasSubstr("pca"),
                                HasSubstr("detection_rate"), HasSubstr("Research use only")));
  for (const char* name : {"results.json", "timing.json", "cases.csv", "boxes.csv", "latents.csv", "latents_pca.csv",
                           "sheet.png", "gallery/sheet_000.png"}) {
    EXPECT_TRUE(fs::exists(path("out") / name)) << name;
  }
  const nlohmann::json json = results("out");
  EXPECT_EQ(json.at("format"), 1);
  EXPECT_EQ(json.at("training_subjects"), "unknown");
  for (const auto& metric : json.at("metrics")) {
    EXPECT_TRUE(metric.at("value").is_number() || !metric.at("reason").get<std::string>().empty()) << metric;
  }
  EXPECT_THAT(content_of(path("out/cases.csv")), HasSubstr("case,set,image,slice,subject,label,class,score"));
  EXPECT_EQ(evaluate({"--manifest", "brains=manifest.csv"}).exit_code, 2) << "results are there";
  ASSERT_EQ(
      evaluate({"--manifest", "brains=manifest.csv", "--split", "test", "--train", "lists/train.csv", "--overwrite"})
          .exit_code,
      0);
  EXPECT_EQ(results("out"), json) << "the same again";
}

TEST_F(EvaluateCommand, RunsFiveSetsOfAnExperimentOfTheReference) {
  const auto set = [](const char* name, const char* list, bool boxes) {
    std::string text = std::string("          ") + name + ":\n            data_dir: {test: [lists/" + list + ".csv]}\n";
    if (boxes) {
      text += std::string("            label_dir: {test: [lists/") + list +
              "_ann.csv]}\n            mask_dir: {test: [lists/" + list + "_neg.csv]}\n";
    }
    return text;
  };
  write("reference.yaml", reference_experiment("{train: [lists/train.csv], val: [lists/val.csv]}",
                                               set("Normal", "test", false) + set("absent_septum", "lesions", true) +
                                                   set("edema", "lesions", true) + set("mass", "lesions", true) +
                                                   set("resection", "lesions", true)));
  const ProgramResult result = ra({"evaluate", "reference.yaml", "--output", "five", "--allow-overlap"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json json = results("five/downstream/localization");
  EXPECT_EQ(json.at("sets").size(), 5u);
  int rates = 0;
  for (const auto& metric : json.at("metrics")) {
    rates +=
        metric.at("metric") == "detection_rate" && metric.at("mode") == "paper" && metric.at("group") == "" ? 1 : 0;
  }
  EXPECT_EQ(rates, 4);
}

TEST_F(EvaluateCommand, NamesACorruptImageAndJudgesTheRest) {
  write("broken.png", "no picture");
  const std::string manifest = content_of(path("manifest.csv"));
  write("some.csv", manifest + "broken.png,someone,1,,,,,test\n");
  const ProgramResult result = evaluate({"--manifest", "brains=some.csv", "--split", "test"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("broken.png"));
  EXPECT_EQ(results("out").at("failures").size(), 1u);
}

TEST_F(EvaluateCommand, RefusesPeopleThatTheModelHasSeenUnlessAllowed) {
  write("tiny.yaml", R"(data: {train: lists/train.csv, val: lists/val.csv}
model: {image_size: 32, channels: [4, 4], latent_size: 8}
training: {epochs: 1, warmup: {epochs: 1}}
)");
  ASSERT_EQ(ra({"train", "tiny.yaml", "--output", "run", "--quiet"}).exit_code, 0);
  const std::vector<std::string> words = {
      "evaluate",    "--model", "run/checkpoints/best.pt", "--manifest", "brains=manifest.csv", "--output", "out",
      "--resamples", "100"};
  const ProgramResult refused = ra(words);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--allow-overlap"));
  std::vector<std::string> allowed = words;
  allowed.push_back("--allow-overlap");
  ASSERT_EQ(ra(allowed).exit_code, 0);
  EXPECT_TRUE(results("out").at("overlap_allowed").get<bool>());
  EXPECT_EQ(results("out").at("training_subjects"), "known");
}

TEST_F(EvaluateCommand, RefusesAPersonInTwoSplitsUnlessAllowed) {
  std::string manifest = content_of(path("manifest.csv"));
  write("one.csv", "image,subject,label,split\nbroken.png,someone,0,train\n");
  write("broken.png", "no picture");
  write("again.png", "another one");
  write("two.csv", manifest + "again.png,someone,1,,,,,test\n");
  const std::vector<std::string> words = {"--manifest", "Normal=one.csv", "--manifest", "brains=two.csv"};
  const ProgramResult refused = evaluate(words);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("split 'test' and split 'train': someone"), HasSubstr("--allow-overlap")));
  write("one.csv", manifest + "again.png,someone,1,,,,,train\nbroken.png,someone,1,,,,,test\n");
  const std::vector<std::string> chosen = {"--manifest", "brains=one.csv", "--split", "test"};
  EXPECT_EQ(evaluate(chosen).exit_code, 2) << "before the other rows are left out";
  std::vector<std::string> allowed = chosen;
  allowed.push_back("--allow-overlap");
  EXPECT_EQ(evaluate(allowed).exit_code, 1) << "the broken picture";
  EXPECT_TRUE(results("out").at("overlap_allowed").get<bool>());
  EXPECT_THAT(results("out").at("warnings").dump(), HasSubstr("someone"));
}

TEST_F(EvaluateCommand, RefusesOpponentsMadeOfJudgedPeopleUnlessAllowed) {
  const std::vector<std::string> words = {"--manifest", "brains=manifest.csv", "--split", "test",
                                          "--train",    "lists/test.csv"};
  const ProgramResult refused = evaluate(words);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("both --train and the judged sets"), HasSubstr("--allow-overlap")));
  std::vector<std::string> allowed = words;
  allowed.push_back("--allow-overlap");
  ASSERT_EQ(evaluate(allowed).exit_code, 0);
  EXPECT_TRUE(results("out").at("overlap_allowed").get<bool>());
  EXPECT_THAT(results("out").at("warnings").dump(), HasSubstr("both --train and the judged sets"));
}

TEST_F(EvaluateCommand, RefusesThresholdsThatNoMapCanBeCutAt) {
  for (const char* value : {"nan", "inf", "0", "-1"}) {
    const ProgramResult refused =
        evaluate({"--manifest", "brains=manifest.csv", "--split", "test", std::string("--threshold=") + value});
    EXPECT_EQ(refused.exit_code, 2) << value;
    EXPECT_THAT(refused.err, HasSubstr("--threshold is")) << value;
  }
}

TEST_F(EvaluateCommand, RefusesBadManifestsWithTheirPlace) {
  write("bad.csv", "image,lable\nlists/x.png,1\n");
  EXPECT_THAT(evaluate({"--manifest", "set=bad.csv"}).err,
              AllOf(HasSubstr("unknown column 'lable'"), HasSubstr("label")));
  EXPECT_EQ(evaluate({"--manifest", "bad.csv"}).exit_code, 2);
  EXPECT_EQ(ra({"evaluate"}).exit_code, 2);
}

}  // namespace
}  // namespace ra::testing

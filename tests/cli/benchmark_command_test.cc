#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ra/testing/program_test.h"

namespace ra::testing {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

class BenchmarkCommand : public ProgramTest {
 protected:
  // The line that `ra benchmark WORDS` prints for batches of one.
  nlohmann::json line(Words words, const std::string& repeats = "2") const {
    words.insert(words.begin(), "benchmark");
    words.insert(words.end(), {"--batch", "1", "--repeats", repeats, "--threads", "1", "--quiet"});
    const ProgramResult result = ra(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
    return nlohmann::json::parse(result.out, nullptr, false);
  }

  // What is wrong with `ra benchmark WORDS`, which takes no time to say.
  std::string refusal(Words words) const {
    words.insert(words.begin(), "benchmark");
    const ProgramResult result = ra(words);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_EQ(result.out, "");
    return result.err;
  }
};

void expect_times_of_one_slice(const nlohmann::json& line, const std::string& work, const std::string& variant) {
  ASSERT_TRUE(line.is_object());
  EXPECT_EQ(line["work"], work);
  EXPECT_EQ(line["variant"], variant);
  EXPECT_EQ(line["batch"], 1);
  EXPECT_EQ(line["slices"], 1);
  EXPECT_EQ(line["threads"], 1);
  ASSERT_EQ(line["runs"].size(), 2);
  const auto first = line["runs"][0].get<double>(), second = line["runs"][1].get<double>();
  EXPECT_GT(std::min(first, second), 0);
  EXPECT_DOUBLE_EQ(line["seconds_per_slice"].get<double>(), (first + second) / 2);
  EXPECT_GT(line["peak_memory_mib"].get<int>(), 100);
}

TEST_F(BenchmarkCommand, TimesTheForwardPass) {
  expect_times_of_one_slice(line({"--work", "forward"}), "forward", "ra torch fp32");
}

TEST_F(BenchmarkCommand, TimesScreeningWithoutBeingAskedForWork) {
  expect_times_of_one_slice(line({}), "screen", "ra torch fp32");
}

// Once: a step of the full-size network takes seconds.
TEST_F(BenchmarkCommand, TimesATrainingStep) {
  const nlohmann::json found = line({"--work", "train", "--fidelity", "fast"}, "1");
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["variant"], "ra torch fp32 fast");
  ASSERT_EQ(found["runs"].size(), 1);
  EXPECT_EQ(found["seconds_per_slice"], found["runs"][0]);
}

// OpenVINO is an option of the build, so the program may say that it has none.
TEST_F(BenchmarkCommand, TimesOpenvinoOrSaysThatItHasNone) {
  for (const char* work : {"screen", "forward"}) {
    const ProgramResult result = ra({"benchmark", "--work", work, "--backend", "openvino", "--batch", "1", "--repeats",
                                     "2", "--threads", "1", "--quiet"});
    if (result.exit_code != 0) {
      EXPECT_THAT(result.err, HasSubstr("OpenVINO"));
      continue;
    }
    expect_times_of_one_slice(nlohmann::json::parse(result.out, nullptr, false), work, "ra openvino fp32");
  }
}

TEST_F(BenchmarkCommand, TimesTheNativeBackend) {
  expect_times_of_one_slice(line({"--work", "forward", "--backend", "native"}), "forward", "ra native fp32");
  const ProgramResult refused = ra({"benchmark", "--work", "forward", "--backend", "native", "--precision", "bf16"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("fp32"));
}

TEST_F(BenchmarkCommand, PreparesFilesOnceARun) {
  ASSERT_EQ(ra({"synthesize", "--output", "brains", "--count", "3", "--seed", "1", "--quiet"}).exit_code, 0);
  const nlohmann::json found = line({"--work", "prepare", "brains/images"});
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["work"], "prepare");
  EXPECT_EQ(found["variant"], "ra");
  EXPECT_GE(found["slices"], 3);
  EXPECT_EQ(found["runs"].size(), 2);
}

TEST_F(BenchmarkCommand, RefusesOptionsOfAnotherKindOfWork) {
  EXPECT_THAT(refusal({"--work", "forward", "--streams", "1"}),
              HasSubstr("--streams has no effect with --work forward"));
  EXPECT_THAT(refusal({"--work", "forward", "--fidelity", "fast"}),
              HasSubstr("--fidelity has no effect with --work forward"));
  EXPECT_THAT(refusal({"--work", "train", "--backend", "torch"}),
              HasSubstr("--backend has no effect with --work train"));
  EXPECT_THAT(refusal({"--work", "train", "--perceptual", "encoder"}),
              HasSubstr("--perceptual and --perceptual-weights have no effect with --work train"));
  EXPECT_THAT(refusal({"--work", "prepare", "--precision", "bf16", "a.png"}),
              HasSubstr("--precision has no effect with --work prepare"));
  EXPECT_THAT(refusal({"--work", "prepare", "--device", "cpu", "a.png"}),
              HasSubstr("--device has no effect with --work prepare"));
  EXPECT_THAT(refusal({"--work", "screen", "a.png"}), HasSubstr("INPUT has no effect with --work screen"));
}

TEST_F(BenchmarkCommand, RefusesValuesThatDoNotExist) {
  EXPECT_THAT(refusal({"--work", "sleep"}), HasSubstr("--work"));
  EXPECT_THAT(refusal({"--backend", "tensorflow"}), HasSubstr("--backend"));
  EXPECT_THAT(refusal({"--precision", "fp8"}), HasSubstr("--precision"));
  EXPECT_THAT(refusal({"--work", "train", "--fidelity", "rough"}), HasSubstr("--fidelity"));
  EXPECT_THAT(refusal({"--batch", "0"}), HasSubstr("--batch"));
  EXPECT_THAT(refusal({"--repeats", "0"}), HasSubstr("--repeats"));
}

TEST_F(BenchmarkCommand, PreparesNothingWithoutFiles) {
  EXPECT_THAT(refusal({"--work", "prepare"}), HasSubstr("needs the slices: ra benchmark --work prepare INPUT..."));
  EXPECT_THAT(refusal({"--work", "prepare", "nowhere.png"}), HasSubstr("nowhere.png"));
}

}  // namespace
}  // namespace ra::testing

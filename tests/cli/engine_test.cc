#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>

#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/io/write_image.h"
#include "ra/testing/program_test.h"
#include "ra/testing/small_model.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// --backend, --precision and --fast of the verbs that score slices.
class Engine : public ProgramTest {
 protected:
  void SetUp() override {
    write_small_model(path("model.pt"));
    std::filesystem::create_directory(path("healthy"));
    for (int k = 0; k < 20; ++k) write_picture("healthy/sub-" + std::to_string(k) + "_T1w.png", k);
    write_picture("new.png", 40);
    if (run({"screen", "--model", "model.pt", "new.png", "--output", "try", "--backend", "openvino"}).exit_code != 0) {
      GTEST_SKIP() << "built without OpenVINO";
    }
  }

  void write_picture(const std::string& name, int seed) const {
    std::vector<std::uint8_t> pixels(40 * 40);
    for (int k = 0; k < 1600; ++k) {
      const int x = k % 40, y = k / 40;
      const bool inside = x > 4 && x < 35 && y > 4 && y < 35;
      const int value = inside ? 60 + ((x / 4) * (seed + 3) + (y / 4) * 7) % 190 : 0;
      pixels[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(value);
    }
    write_png(path(name), pixels, 40, 40);
  }

  ProgramResult run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--threads", "1"});
    return run_ra(words, {folder_.path(), {{"RA_CACHE_DIR", path("cache").string()}}});
  }
  // Screens new.png, and returns what scores.csv says of it.
  std::string screened(const std::string& model, std::vector<std::string> words, std::string* err = nullptr) const {
    words.insert(words.begin(), {"screen", "--model", model, "new.png", "--output", "out", "--overwrite"});
    const ProgramResult done = run(words);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    if (err != nullptr) *err = done.err;
    return lines_of(path("out/scores.csv")).at(1);
  }
};

TEST_F(Engine, NamesWhatScoredASlice) {
  std::string err;
  EXPECT_THAT(screened("model.pt", {}, &err), HasSubstr(",torch,fp32,"));
  EXPECT_THAT(err, Not(HasSubstr("differ a little")));
  EXPECT_THAT(screened("model.pt", {"--backend", "openvino"}, &err), HasSubstr(",openvino,fp32,"));
  EXPECT_THAT(err, HasSubstr("openvino fp32 differ a little from those of torch fp32"));
  EXPECT_THAT(screened("model.pt", {"--fast"}, &err), HasSubstr(",native,fp32,"));
  EXPECT_THAT(screened("model.pt", {"--precision", "bf16"}, &err), HasSubstr(",torch,bf16,"));
  // Two compiled networks, and the canary of the exact engine.
  const std::filesystem::directory_iterator kept(path("cache"));
  EXPECT_EQ(std::distance(kept, std::filesystem::directory_iterator()), 3);
}

TEST_F(Engine, StreamsChangeNoNumber) {
  const auto by = [&](const std::string& streams) {
    const ProgramResult done = run_ra({"screen", "--model", "model.pt", "healthy", "--output", "out", "--overwrite",
                                       "--backend", "openvino", "--threads", "3", "--streams", streams},
                                      {folder_.path(), {{"RA_CACHE_DIR", path("cache").string()}}});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return lines_of(path("out/scores.csv"));
  };
  const std::vector<std::string> queued = by("0");
  EXPECT_EQ(queued.size(), 21u);
  EXPECT_EQ(by("1"), queued);
}

TEST_F(Engine, RefusesWhatContradictsItself) {
  const std::vector<std::string> start = {"screen", "--model", "model.pt", "new.png", "--output", "out"};
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--backend", "abacus"},
                                                                                     {"--fast", "--backend", "torch"},
                                                                                     {"--fast", "--precision", "fp32"},
                                                                                     {"--streams", "1"}}) {
    std::vector<std::string> all = start;
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run(all).exit_code, 2) << words[0] << words[1];
  }
  for (const char* engines : {"abacus", "torch:fp8", "torch,torch"}) {
    const ProgramResult done =
        run({"calibrate", "--model", "model.pt", "healthy", "--output", "x.ra", "--backend", engines});
    EXPECT_EQ(done.exit_code, 2) << engines << done.err;
  }
}

TEST_F(Engine, HasACalibrationOfItsOwnInABundle) {
  const ProgramResult made =
      run({"calibrate", "--model", "model.pt", "healthy", "--output", "both.ra", "--backend", "torch,openvino"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("torch fp32) on 20"), HasSubstr("openvino fp32) on 20")));
  const ProgramResult info = run_ra({"model", "info", path("both.ra").string()});
  EXPECT_THAT(info.out, AllOf(HasSubstr("by default torch fp32"), HasSubstr("calibration torch fp32"),
                              HasSubstr("calibration openvino fp32")));
  std::string err;
  EXPECT_THAT(screened("both.ra", {}, &err), HasSubstr(",torch,fp32,"));
  const std::string line = screened("both.ra", {"--backend", "openvino"}, &err);
  EXPECT_THAT(line, AllOf(HasSubstr(",openvino,fp32,"), Not(HasSubstr(",,,0.05"))));
  EXPECT_THAT(err, Not(HasSubstr("does not fit")));
  EXPECT_THAT(screened("both.ra", {"--precision", "bf16"}, &err), HasSubstr(",,,0.05"));
  EXPECT_THAT(err, HasSubstr("the precision is bf16, calibrated was fp32"));
}

TEST_F(Engine, StaysThatOfTheBaseWhenCalibratedAnew) {
  ASSERT_EQ(
      run({"calibrate", "--model", "model.pt", "healthy", "--output", "fast.ra", "--backend", "openvino"}).exit_code,
      0);
  EXPECT_THAT(screened("fast.ra", {}), HasSubstr(",openvino,fp32,"));
  const ProgramResult again =
      run({"calibrate", "--base", "fast.ra", "healthy", "--output", "again.ra", "--allow-overlap"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("openvino fp32) on 20"), Not(HasSubstr("torch"))));
}

TEST_F(Engine, IsNamedInTheResultsOfAnEvaluation) {
  std::string rows = "image,label\n";
  for (int k = 50; k < 54; ++k) {
    write_picture(std::to_string(k) + ".png", k);
    rows += std::to_string(k) + ".png," + (k % 2 == 0 ? "0\n" : "1\n");
  }
  write_file(path("set.csv"), rows);
  const ProgramResult done = run({"evaluate", "--model", "model.pt", "--manifest", "set=set.csv", "--output", "judged",
                                  "--resamples", "100", "--backend", "openvino"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto results = nlohmann::json::parse(read_text_file(path("judged/results.json")));
  EXPECT_EQ(results.at("detector").at("backend"), "openvino");
}

}  // namespace
}  // namespace ra::testing

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ra/testing/program_test.h"
#include "ra/testing/small_model.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The evaluation of a calibrated bundle: its threshold, p-values and the map normalised by its healthy maps.
class EvaluateBundle : public ProgramTest {
 protected:
  void SetUp() override {
    const ProgramResult made = ra({"synthesize", "--output", ".", "--count", "40", "--seed", "3", "--lesions"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write_small_model(folder_.path() / "model.pt");
    const ProgramResult calibrated = ra({"calibrate", "--model", "model.pt", "lists/train.csv", "--output", "site.ra",
                                         "--normalised-map", "--threads", "1"});
    ASSERT_EQ(calibrated.exit_code, 0) << calibrated.err;
  }
  ProgramResult evaluate(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"evaluate", "--model",   "site.ra", "--manifest", "brains=manifest.csv",
                                      "--output", "out",       "--split", "test",       "--resamples",
                                      "200",      "--threads", "1",       "--overwrite"};
    words.insert(words.end(), more.begin(), more.end());
    return ra(words);
  }
  nlohmann::json results() const { return nlohmann::json::parse(content_of(folder_.path() / "out" / "results.json")); }
};

TEST_F(EvaluateBundle, JudgesMeanAndMaximumOfTheMapAsItIsAndNormalised) {
  const ProgramResult result = evaluate({"--train", "lists/val.csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::set<std::string> scores;
  const nlohmann::json judged = results();
  for (const auto& metric : judged.at("metrics")) {
    const bool wanted = metric.at("protocol") == "detection" && metric.at("metric") == "auroc" &&
                        metric.at("mode") == "strict" && metric.at("group") == "";
    if (!wanted) continue;
    EXPECT_TRUE(metric.at("low").is_number() && metric.at("high").is_number()) << metric;
    scores.insert(metric.at("method").get<std::string>() + " " + metric.at("score").get<std::string>());
  }
  EXPECT_EQ(scores, (std::set<std::string>{"ra mean", "ra maximum", "ra_normalised mean", "ra_normalised maximum",
                                           "mean_picture mean", "mean_picture maximum"}));
  EXPECT_THAT(
      content_of(folder_.path() / "out" / "cases.csv"),
      HasSubstr("score,score_maximum,ra_normalised_score,ra_normalised_score_maximum,mean_picture_score,"
                "mean_picture_score_maximum,mae,mse,psnr,ssim,perceptual_encoder,dice,p_value,p_value_maximum"));
}

TEST_F(EvaluateBundle, TakesThresholdAndPValuesFromTheCalibration) {
  const ProgramResult result = evaluate({});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("comes from the healthy images of this evaluation")));
  EXPECT_THAT(result.err, Not(HasSubstr("was calibrated on slices")));
  const ProgramResult info = ra({"model", "info", "site.ra"});
  EXPECT_THAT(info.out, HasSubstr(nlohmann::json(results().at("threshold")).dump().substr(0, 5))) << info.out;
  const std::vector<std::string> rows = lines_of(folder_.path() / "out" / "cases.csv");
  ASSERT_GT(rows.size(), 2u);
  std::size_t column = 0;
  for (std::size_t at = rows[0].find(",p_value,"), k = 0; k < at; ++k) column += rows[0][k] == ',' ? 1 : 0;
  for (std::size_t row = 1; row < rows.size(); ++row) {
    std::size_t begin = 0;
    for (std::size_t k = 0; k < column + 1; ++k) begin = rows[row].find(',', begin) + 1;
    const double p = std::stod(rows[row].substr(begin));
    EXPECT_GT(p, 0.0);
    EXPECT_LE(p, 1.0);
  }
}

TEST_F(EvaluateBundle, LeavesThemOutUnderOtherSettings) {
  const ProgramResult result = evaluate({"--latent", "mean"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("comes from the healthy images of this evaluation"));
  EXPECT_EQ(results().at("methods"), nlohmann::json({"ra"}));
}

TEST_F(EvaluateBundle, WarnsWhereOtherSlicesOfVolumesAreJudged) {
  const ProgramResult result = evaluate({"--slices", "all"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("was calibrated on slices 'mid', but slices 'all' are judged here"));
}

TEST_F(EvaluateBundle, RefusesThePeopleThatItWasCalibratedOn) {
  const std::vector<std::string> words = {"evaluate", "--model",  "site.ra",     "--manifest", "brains=manifest.csv",
                                          "--output", "all_rows", "--resamples", "100"};
  const ProgramResult refused = ra(words);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("calibration"));
}

}  // namespace
}  // namespace ra::testing

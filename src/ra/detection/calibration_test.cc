#include "ra/detection/calibration.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ra/base/error.h"
#include "ra/data/subject.h"
#include "ra/detection/calibration_json.h"
#include "ra/detection/subject_guard.h"
#include "ra/testing/expect_error.h"

namespace ra {
namespace {

Calibration example() {
  Calibration calibration{{"encoder", "torch", "fp32", "m.pt abc", "average:8"},
                          "mid",
                          HealthyScores({0.3, 0.1, 0.2}),
                          HealthyScores({1.0, 2.0, 1.0 / 3.0}),
                          {{1.0, 0.5, 0.9}, {5.0, 0.2, 4.9}},
                          {{5.0, 0.25, 4.8}},
                          {"site A", 3, subject_hashes(std::vector<std::string>{"a", "b"}), true},
                          {{"before", 9, subject_hashes(std::vector<std::string>{"c"}), false}},
                          true,
                          {},
                          {},
                          {7, 0.125}};
  return calibration;
}

TEST(Calibration, ComesBackFromJsonAsItWas) {
  const Calibration before = example(), after = calibration_from_json(nlohmann::json::parse(to_json(before).dump()));
  EXPECT_EQ(to_json(after), to_json(before));
  EXPECT_EQ(after.maxima.sorted()[0], 1.0 / 3.0);
  EXPECT_EQ(after.earlier[0].label, "before");
  EXPECT_TRUE(after.overlap_allowed);
  EXPECT_EQ(after.canary.score, 0.125);
}

TEST(Calibration, RefusesJsonThatLacksAMemberOrHoldsAnotherType) {
  const nlohmann::json whole = to_json(example());
  for (const auto& [key, value] : whole.items()) {
    nlohmann::json lacking = whole, wrong = whole;
    lacking.erase(key);
    wrong[key] = 7;
    testing::expect_error(ErrorCode::kBadInput, {"calibration.json"}, [&] { calibration_from_json(lacking); });
    testing::expect_error(ErrorCode::kBadInput, {"calibration.json"}, [&] { calibration_from_json(wrong); });
  }
  nlohmann::json empty = whole;
  empty["healthy_scores"] = nlohmann::json::array();
  EXPECT_THROW(calibration_from_json(empty), Error);
}

TEST(Calibration, ChoosesTheLargestThresholdWithinTheRate) {
  const Calibration calibration = example();
  EXPECT_EQ(Calibration::threshold_at(calibration.all_pixels, 0.05).threshold, 0.2);
  EXPECT_EQ(Calibration::threshold_at(calibration.all_pixels, 0.04).threshold, 0.5);
  EXPECT_EQ(Calibration::threshold_at(calibration.all_pixels, 0.5).threshold, 0.2);
  testing::expect_error(ErrorCode::kUsage, {"0.001"},
                        [&] { Calibration::threshold_at(calibration.all_pixels, 0.001); });
}

TEST(Calibration, NamesEverySettingThatDiffers) {
  const Calibration calibration = example();
  EXPECT_EQ(calibration.differences({"encoder", "torch", "fp32", "other.pt", "average:8"}), "");
  const std::string text = calibration.differences({"squeezenet", "torch", "fp32", "m.pt abc", "mean"});
  EXPECT_NE(text.find("squeezenet"), std::string::npos);
  EXPECT_NE(text.find("mean"), std::string::npos);
}

TEST(PixelThreshold, IsTheReferencesWhereItsGridIsFineEnough) {
  std::vector<float> pixels;
  for (int k = 0; k < 1000; ++k) pixels.push_back(static_cast<float>(k) / 1000.0f);
  const PixelThreshold found = pixel_threshold(pixels, 5.0);
  EXPECT_NEAR(found.threshold, 0.949, 1e-9);
  EXPECT_LE(found.mean_percent, 5.0);
}

TEST(PixelThreshold, SearchesFinerForSmallMaps) {
  std::vector<float> pixels;
  for (int k = 0; k < 1000; ++k) pixels.push_back(static_cast<float>(k) * 1e-6f);
  const PixelThreshold found = pixel_threshold(pixels, 5.0);
  EXPECT_NEAR(found.threshold, 0.000949, 1.1e-6);
  EXPECT_GT(found.mean_percent, 4.5);
}

TEST(PixelThreshold, RefusesSaturatedMaps) {
  testing::expect_error(ErrorCode::kUsage, {"saturated"}, [] { pixel_threshold(std::vector<float>(100, 3.0f), 1.0); });
  EXPECT_EQ(pixel_threshold(std::vector<float>(100, 0.0f), 1.0).threshold, 0.0);
}

TEST(SubjectGuard, FindsWhoWasSeenAndWhere) {
  const SeenSubjects seen{subject_hashes(std::vector<std::string>{"t"}), subject_hashes(std::vector<std::string>{"v"}),
                          false};
  const Calibration calibration = example();
  const std::vector<std::string> asked = {"t", "c", "new", "t"};
  const SubjectOverlap overlap = check_overlap(seen, &calibration, asked);
  EXPECT_TRUE(overlap.training_known);
  EXPECT_EQ(overlap.training, std::vector<std::string>{"t"});
  EXPECT_TRUE(overlap.validation.empty());
  EXPECT_EQ(overlap.calibration, std::vector<std::string>{"c"});
  testing::expect_error(ErrorCode::kUsage, {"training (t)", "calibration (c)", "--allow-overlap"},
                        [&] { require_no_overlap(overlap, false); });
  EXPECT_NO_THROW(require_no_overlap(overlap, true));
  EXPECT_FALSE(check_overlap(std::nullopt, nullptr, asked).training_known);
  EXPECT_NO_THROW(require_no_overlap(check_overlap(std::nullopt, nullptr, asked), false));
}

}  // namespace
}  // namespace ra

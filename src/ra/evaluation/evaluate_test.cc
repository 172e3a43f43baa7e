#include "ra/evaluation/evaluate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/evaluation/case_truth.h"
#include "ra/evaluation/test_cases.h"
#include "ra/io/write_image.h"
#include "ra/testing/temporary_folder.h"
#include "ra/transforms/input.h"

namespace ra {
namespace {

constexpr std::int64_t kSide = 32;

class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    ModelFile file;
    ModelOptions shape;
    shape.latent_size = 8;
    shape.channels = {4, 8, 8};
    shape.image_size = kSide;
    file.model = std::make_shared<ReversedAutoencoder>(shape, 1);
    file.input.image_size = kSide;
    detector_ = std::make_unique<AnomalyDetector>(std::move(file), "small.pt", DetectionOptions{}, at::kCPU, 7);
    healthy_.name = "Normal";
    ill_.name = "lesions";
    for (std::uint32_t k = 0; k < 10; ++k) {
      healthy_.rows.push_back({});
      healthy_.rows.back().image = picture(k, false);
      ill_.rows.push_back({});
      ill_.rows.back().image = picture(100 + k, true);
      ill_.rows.back().boxes = {{{10, 12, 6, 5}, "mass"}};
    }
    options_.scratch = folder_.path();
    options_.bootstrap.resamples = 100;
  }

  // A noisy disc, with a bright box or without.
  std::filesystem::path picture(std::uint32_t index, bool lesion) const {
    CounterRandom random(9, 0, index, Purpose::kBrainImaging);
    std::vector<std::uint8_t> pixels(kSide * kSide, 0);
    for (std::int64_t y = 0; y < kSide; ++y) {
      for (std::int64_t x = 0; x < kSide; ++x) {
        const bool inside = (x - 16) * (x - 16) + (y - 16) * (y - 16) < 14 * 14;
        const bool bright = lesion && x >= 10 && x < 16 && y >= 12 && y < 17;
        pixels[static_cast<std::size_t>(y * kSide + x)] =
            static_cast<std::uint8_t>((inside ? 100 : 0) + (bright ? 100 : 0) + random.below(20));
      }
    }
    const auto path = folder_.path() / (std::to_string(index) + ".png");
    write_png(path, pixels, kSide, kSide);
    return path;
  }

  EvaluationResults run(const std::vector<LabelledSet>& sets, const CaseSink& sink = {}) const {
    return evaluate(*detector_, plan_evaluation(sets), options_, sink);
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<AnomalyDetector> detector_;
  LabelledSet healthy_, ill_;
  EvaluationOptions options_;
};

TEST_F(Evaluate, JudgesEveryBoxAsThePaperDoesOnTheMapOfTheDetector) {
  const EvaluationResults results = run({healthy_, ill_});
  ASSERT_EQ(results.cases.size(), 20u);
  ASSERT_TRUE(results.threshold.has_value());
  int boxes = 0;
  for (const CaseRecord& one : results.cases) {
    if (one.set != 1) continue;
    const at::Tensor slice = prepare_slice(SourceSlices().read(one.image).picture, detector_->input()).pixels;
    const AnomalyResult alone = detector_->detect(slice.unsqueeze(0)).front();
    EXPECT_EQ(one.scores[0].mean, alone.score);
    const Box wanted{10, 12, 6, 5};
    const std::vector<float> inside = rasterise_boxes({&wanted, 1}, kSide, kSide);
    std::vector<float> outside = inside;
    for (float& value : outside) value = 1.0f - value;
    const std::span<const float> map(alone.map.data_ptr<float>(), static_cast<std::size_t>(alone.map.numel()));
    const BoxOutcome oracle = localise(map, inside, outside, *results.threshold);
    ASSERT_EQ(one.boxes.size(), 1u);
    EXPECT_EQ(one.boxes[0].paper.mask_pixels, oracle.mask_pixels);
    EXPECT_EQ(one.boxes[0].paper.hit_pixels, oracle.hit_pixels);
    EXPECT_EQ(one.boxes[0].paper.tp, oracle.tp);
    EXPECT_EQ(one.boxes[0].paper.fp, oracle.fp);
    EXPECT_EQ(one.boxes[0].paper.sum_outside, oracle.sum_outside);
    ++boxes;
  }
  EXPECT_EQ(boxes, 10);
  EXPECT_NE(find_row(results, "lesions", "", "auroc", "strict"), nullptr);
  for (const double seconds :
       {results.seconds.files, results.seconds.network, results.seconds.metrics, results.seconds.statistics}) {
    EXPECT_GT(seconds, 0.0);
  }
  for (const EvaluatedMetric& row : results.metrics) {
    EXPECT_TRUE(row.value.value.has_value() || !row.reason.empty()) << row.protocol << row.metric;
  }
}

TEST_F(Evaluate, IsTheSameAgainAndDoesNotDependOnTheOrderOfSets) {
  const EvaluationResults first = run({healthy_, ill_}), again = run({healthy_, ill_}), turned = run({ill_, healthy_});
  ASSERT_EQ(first.metrics.size(), again.metrics.size());
  for (std::size_t k = 0; k < first.metrics.size(); ++k) {
    EXPECT_EQ(first.metrics[k].value.value, again.metrics[k].value.value) << first.metrics[k].metric;
    ASSERT_EQ(first.metrics[k].interval.has_value(), again.metrics[k].interval.has_value());
    if (!first.metrics[k].interval) continue;
    EXPECT_EQ(first.metrics[k].interval->low, again.metrics[k].interval->low);
  }
  EXPECT_NEAR(*first.threshold, *turned.threshold, 0.01 * *first.threshold);
}

TEST_F(Evaluate, DoesNotDependOnTheNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const EvaluationResults one = run({healthy_, ill_});
  at::set_num_threads(3);
  const EvaluationResults three = run({healthy_, ill_});
  at::set_num_threads(before);
  ASSERT_EQ(one.cases.size(), three.cases.size());
  for (std::size_t k = 0; k < one.cases.size(); ++k) {
    EXPECT_EQ(one.cases[k].image, three.cases[k].image);
    EXPECT_EQ(one.cases[k].scores.front().mean, three.cases[k].scores.front().mean);
  }
}

TEST_F(Evaluate, ScoresAnImageOfSeveralRowsAndSetsOnce) {
  LabelledSet twice = ill_;
  twice.name = "again";
  twice.rows.push_back(twice.rows[0]);
  twice.rows.back().boxes = {{{3, 3, 0, 2}, "nothing"}};
  std::size_t images = 0;
  options_.bootstrap.resamples = 100;
  const EvaluationResults results = evaluate(*detector_, plan_evaluation({healthy_, ill_, twice}), options_, {},
                                             [&](std::size_t, std::size_t total) { images = total; });
  EXPECT_EQ(images, 20u);
  EXPECT_EQ(results.cases.size(), 30u);
  EXPECT_EQ(results.cases[20].boxes.size(), 2u);
  EXPECT_FALSE(results.cases[20].boxes[1].strict_iou.has_value());
  bool warned = false;
  for (const std::string& warning : results.warnings) warned |= warning.find("no area") != std::string::npos;
  EXPECT_TRUE(warned);
}

TEST_F(Evaluate, WarnsOfImagesThatSetsDisagreeOn) {
  LabelledSet contrary = ill_;
  contrary.name = "Normal_too";
  const auto disagreements = [](const EvaluationResults& results) {
    return std::count_if(results.warnings.begin(), results.warnings.end(), [](const std::string& warning) {
      return warning.find("pathological in set") != std::string::npos;
    });
  };
  EXPECT_EQ(disagreements(run({healthy_, ill_})), 0);
  EXPECT_EQ(disagreements(run({healthy_, ill_, contrary})), 1) << "one for all images of two sets";
}

TEST_F(Evaluate, NamesABrokenImageAndGoesOn) {
  std::ofstream(ill_.rows[4].image) << "no picture";
  std::size_t shown = 0;
  const EvaluationResults results = run({healthy_, ill_}, [&](const CaseRecord&, const CasePictures&) { ++shown; });
  ASSERT_EQ(results.failures.size(), 1u);
  EXPECT_NE(results.failures[0].find("104.png"), std::string::npos) << results.failures[0];
  EXPECT_EQ(results.cases.size(), 19u);
  EXPECT_EQ(shown, 19u);
}

TEST_F(Evaluate, LeavesNoFileBehindAndComparesWithOpponents) {
  for (const ManifestRow& row : healthy_.rows) options_.training.push_back(row.image);
  options_.scratch = folder_.path() / "scratch";
  std::filesystem::create_directory(options_.scratch);
  const EvaluationResults results = run({healthy_, ill_});
  EXPECT_TRUE(std::filesystem::is_empty(options_.scratch));
  EXPECT_EQ(results.methods, (std::vector<std::string>{"ra", "mean_picture", "pca"}));
  EXPECT_DOUBLE_EQ(*find_row(results, "lesions", "", "auroc", "strict", "mean", "mean_picture")->value.value, 1.0);
  EXPECT_NE(find_row(results, "lesions", "", "auroc_minus_mean_picture", "strict"), nullptr);
  EXPECT_GT(*find_row(results, "lesions", "", "auroc", "strict", "", "mean_picture")->value.value, 0.9) << "pixels";
}

}  // namespace
}  // namespace ra

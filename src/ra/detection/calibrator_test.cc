#include "ra/detection/calibrator.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/data/subject.h"
#include "ra/data/synthetic_brain.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

class Calibrate : public ::testing::Test {
 protected:
  Calibrate() {
    for (std::uint32_t k = 0; k < 4; ++k) {
      const SyntheticBrain brain = make_brain({}, 3, k);
      images_.push_back(folder_.path() / ("sub-" + std::to_string(k) + ".png"));
      write_png(images_.back(), brain.image, brain.columns, brain.rows);
    }
    options_.rates = {0.25};
  }

  static AnomalyDetector detector() {
    return AnomalyDetector(testing::small_model_file(), "small.pt", {}, at::kCPU, 7);
  }

  CalibrationRun run() const { return calibrate(detector(), images_, subjects_of(images_), options_); }

  testing::TemporaryFolder folder_;
  std::vector<fs::path> images_;
  CalibrationOptions options_;
};

TEST_F(Calibrate, KeepsEveryScoreAndThresholdsThatFallWithTheRate) {
  const Calibration calibration = run().calibration;
  EXPECT_EQ(calibration.scores.sorted().size(), 4u);
  EXPECT_EQ(calibration.maxima.sorted().size(), 4u);
  EXPECT_EQ(calibration.population.images, 4);
  EXPECT_TRUE(calibration.population.subjects_known);
  EXPECT_EQ(calibration.population.subjects.size(), 4u);
  ASSERT_EQ(calibration.all_pixels.size(), 6u);  // 25 % beside the five that are always there
  for (const auto* thresholds : {&calibration.all_pixels, &calibration.brain_pixels}) {
    for (std::size_t k = 1; k < thresholds->size(); ++k) {
      EXPECT_LE((*thresholds)[k].threshold, (*thresholds)[k - 1].threshold);
      EXPECT_LE((*thresholds)[k].mean_percent, (*thresholds)[k].percent);
    }
  }
  EXPECT_FALSE(calibration.map_mean.defined());
}

TEST_F(Calibrate, DoesNotDependOnTheNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Calibration one = run().calibration;
  at::set_num_threads(3);
  const Calibration three = run().calibration;
  at::set_num_threads(before);
  EXPECT_TRUE(std::ranges::equal(one.scores.sorted(), three.scores.sorted()));
  for (std::size_t k = 0; k < one.all_pixels.size(); ++k) {
    EXPECT_EQ(one.all_pixels[k].threshold, three.all_pixels[k].threshold);
  }
}

TEST_F(Calibrate, StopsAtASignalAndSaysSo) {
  const auto interrupted = [&] {
    const StopSignal stop;
    calibrate(detector(), images_, subjects_of(images_), options_, [](std::size_t done, std::size_t) {
      if (done == 2) std::raise(SIGTERM);
    });
  };
  testing::expect_error(ErrorCode::kFailed, {"interrupted"}, interrupted);
  const StopSignal forget;
}

TEST_F(Calibrate, SaysHowManyHealthyImagesAreMissing) {
  options_.rates = {0.25, 0.05};
  testing::expect_error(ErrorCode::kUsage, {"19", "4"}, [&] { run(); });
}

TEST_F(Calibrate, GoesOnPastABadFileAndNamesIt) {
  write_file(folder_.path() / "sub-9.png", std::string_view("no picture"));
  images_.push_back(folder_.path() / "sub-9.png");
  const CalibrationRun done = run();
  ASSERT_EQ(done.failures.size(), 1u);
  EXPECT_NE(done.failures[0].find("sub-9.png"), std::string::npos);
  EXPECT_EQ(done.calibration.population.images, 4);
}

TEST_F(Calibrate, NormalisesMapsByTheHealthyOnes) {
  options_.normalised_map = true;
  const Calibration calibration = run().calibration;
  EXPECT_GT(calibration.map_spread.min().item<double>(), 0.0);
  EXPECT_NEAR(calibration.normalised(calibration.map_mean).abs().max().item<double>(), 0.0, 1e-6);
  options_.normalised_map = false;
  EXPECT_THROW(run().calibration.normalised(calibration.map_mean), Error);
}

}  // namespace
}  // namespace ra

#include "ra/evaluation/thresholding.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/base/random.h"
#include "ra/metrics/threshold.h"

namespace ra {
namespace {

at::Tensor random_maps(std::int64_t count, float scale) {
  at::Tensor maps = at::empty({count, 16, 16});
  CounterRandom random(3, 0, 0, Purpose::kLesion);
  for (std::int64_t k = 0; k < maps.numel(); ++k) {
    maps.data_ptr<float>()[k] = scale * static_cast<float>(random.uniform() * random.uniform());
  }
  return maps;
}

TEST(HealthyPixels, FindsThePaperThresholdsWithoutTheMaps) {
  for (const float scale : {1.0f, 0.05f, 3.0f}) {
    const at::Tensor maps = random_maps(5, scale);
    HealthyPixels pixels;
    for (std::int64_t k = 0; k < 5; ++k) pixels.add(maps[k], at::ones({16, 16}, at::kBool));
    const std::span<const float> all(maps.data_ptr<float>(), static_cast<std::size_t>(maps.numel()));
    int compared = 0;
    for (const HealthyMapThreshold& one : pixels.thresholds()) {
      if (one.mode != "paper") continue;
      EXPECT_EQ(one.threshold, healthy_threshold(all, one.percent)->threshold) << one.percent << " " << scale;
      ++compared;
    }
    EXPECT_EQ(compared, 6);
  }
}

TEST(HealthyPixels, FindsThePaperThresholdsOfValuesOnTheSteps) {
  at::Tensor map = at::empty({32, 32});
  for (std::int64_t k = 0; k < map.numel(); ++k) {
    map.data_ptr<float>()[k] = static_cast<float>(static_cast<double>(k) / 1000.0);  // the steps, and some beyond
  }
  HealthyPixels pixels;
  pixels.add(map, at::ones({32, 32}, at::kBool));
  const std::span<const float> all(map.data_ptr<float>(), static_cast<std::size_t>(map.numel()));
  for (const HealthyMapThreshold& one : pixels.thresholds()) {
    if (one.mode == "paper") {
      EXPECT_EQ(one.threshold, healthy_threshold(all, one.percent)->threshold) << one.percent;
    }
  }
}

TEST(HealthyPixels, StrictThresholdsKeepAtMostTheAskedShare) {
  const at::Tensor maps = random_maps(20, 0.001f);  // far below the steps of the paper
  HealthyPixels pixels;
  for (std::int64_t k = 0; k < 20; ++k) pixels.add(maps[k], at::ones({16, 16}, at::kBool));
  for (const HealthyMapThreshold& one : pixels.thresholds()) {
    if (one.mode != "strict") continue;
    const double share = (maps >= one.threshold).to(at::kDouble).mean().item<double>() * 100.0;
    EXPECT_LE(share, one.percent);
    EXPECT_GT(share, 0.8 * one.percent);
  }
}

TEST(HealthyPixels, HasNoThresholdWithoutMaps) { EXPECT_TRUE(HealthyPixels().thresholds().empty()); }

}  // namespace
}  // namespace ra

#include "ra/detection/anomaly_map.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace ra {
namespace {

// A smooth pattern that is not constant, different for each n.
at::Tensor patterns(std::int64_t count, std::int64_t channels) {
  const at::Tensor y = at::arange(64, at::kFloat).reshape({1, 1, 64, 1}) / 64;
  const at::Tensor x = at::arange(64, at::kFloat).reshape({1, 1, 1, 64}) / 64;
  const at::Tensor n = at::arange(count, at::kFloat).reshape({count, 1, 1, 1}) + 1;
  const at::Tensor c = at::arange(channels, at::kFloat).reshape({1, channels, 1, 1}) + 1;
  return (at::sin(x * 7 * n + c) * at::cos(y * 5 * c) + 1) / 2;
}

// The squared difference: enough of a perceptual distance to see what the map does with it.
class SquaredDifference : public PerceptualDistance {
 public:
  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override {
    return (first - second).square().mean(1, true);
  }
  std::string name() const override { return "squared difference"; }
};

TEST(AnomalyMap, IsZeroForAPerfectReconstruction) {
  const at::Tensor x = patterns(2, 1);
  const AnomalyStages stages = anomaly_stages(x, x, SquaredDifference());
  EXPECT_EQ(stages.map.max().item<double>(), 0.0);
  EXPECT_EQ(stages.scores.abs().max().item<double>(), 0.0);
}

TEST(AnomalyMap, IsHighestAtTheLesion) {
  const at::Tensor healthy = patterns(1, 1);
  const at::Tensor x = healthy.clone();
  x.slice(2, 20, 30).slice(3, 40, 50).zero_();
  const AnomalyStages stages = anomaly_stages(x, healthy, SquaredDifference());
  const std::int64_t at = stages.map[0].flatten().argmax().item<std::int64_t>();
  EXPECT_NEAR(static_cast<double>(at / 64), 25, 8);
  EXPECT_NEAR(static_cast<double>(at % 64), 45, 8);
  EXPECT_NEAR(stages.scores[0].item<double>(), stages.map[0].to(at::kDouble).mean().item<double>(), 1e-12);
}

TEST(AnomalyMap, DoesNotDependOnTheCompanyInABatch) {
  const at::Tensor x = patterns(3, 1), reconstructions = patterns(3, 1).flip(0);
  const AnomalyStages all = anomaly_stages(x, reconstructions, SquaredDifference());
  const AnomalyStages one = anomaly_stages(x.slice(0, 1, 2), reconstructions.slice(0, 1, 2), SquaredDifference());
  EXPECT_TRUE(at::equal(all.map[1], one.map[0]));
}

TEST(AnomalyMap, AveragesOverImageChannels) {
  const at::Tensor x = patterns(1, 3), reconstructions = patterns(1, 3).flip(3);
  const AnomalyStages stages = anomaly_stages(x, reconstructions, SquaredDifference());
  ASSERT_EQ(stages.map.sizes(), (std::vector<std::int64_t>{1, 64, 64}));
  const at::Tensor residual = (stages.equalised_reconstruction - stages.equalised_image).abs();
  const at::Tensor expected =
      (residual.mean(1, true) * stages.perceptual_smooth * stages.equalised_perceptual_smooth)[0];
  EXPECT_TRUE(at::allclose(stages.map, expected, 1e-4, 1e-7));
}

TEST(AnomalyMap, ClampsBeforeItEqualises) {
  const at::Tensor x = patterns(1, 1), reconstructions = patterns(1, 1).flip(3);
  const AnomalyStages plain = anomaly_stages(x, reconstructions, SquaredDifference());
  const AnomalyStages beyond = anomaly_stages(at::where(x > 0.99, x + 5, x), reconstructions, SquaredDifference());
  const AnomalyStages clamped =
      anomaly_stages(at::where(x > 0.99, at::ones_like(x), x), reconstructions, SquaredDifference());
  EXPECT_TRUE(at::equal(beyond.map, clamped.map));
  EXPECT_FALSE(at::equal(beyond.map, plain.map));
}

// What runs on a GPU, tested where there is none.
TEST(AnomalyMap, IsTheSameByTensorOperations) {
  for (const std::int64_t channels : {1, 3}) {
    const at::Tensor x = patterns(3, channels), reconstructions = (patterns(3, channels).flip(3) + x * 3) / 4;
    const AnomalyStages expected = anomaly_stages(x, reconstructions, SquaredDifference());
    const AnomalyStages stages = anomaly_stages(x, reconstructions, SquaredDifference(), {}, MapFilters::kByTensors);
    EXPECT_GT(stages.map.max().item<float>(), 0.0f);
    EXPECT_TRUE(at::equal(stages.equalised_image, expected.equalised_image));
    EXPECT_TRUE(at::equal(stages.equalised_reconstruction, expected.equalised_reconstruction));
    EXPECT_TRUE(at::equal(stages.perceptual_smooth, expected.perceptual_smooth));
    EXPECT_TRUE(at::equal(stages.map, expected.map));
    EXPECT_TRUE(at::equal(stages.scores, expected.scores));
  }
}

}  // namespace
}  // namespace ra

#include "ra/training/weight_average.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

using testing::copied_state;
using testing::equal;
using testing::tiny_model;

TEST(WeightAverage, BeginsAtTheModelsWeights) {
  const auto model = tiny_model(4);
  EXPECT_TRUE(equal(copied_state(*WeightAverage(*model, 0.9).network()), copied_state(*model)));
}

TEST(WeightAverage, FollowsTheWeightsSlowerTheLargerTheDecay) {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  at::Tensor weight = model->encoder_parameters().front();
  weight.fill_(0.0);
  WeightAverage average(*model, 0.75);
  const at::Tensor averaged = average.network()->encoder_parameters().front();
  weight.fill_(1.0);
  average.update(1000);
  EXPECT_NEAR(averaged.mean().item<float>(), 0.25f, 1e-6f);
  average.update(1001);
  EXPECT_NEAR(averaged.mean().item<float>(), 0.4375f, 1e-6f);
  average.update(1);  // at the beginning the decay is 2/11, however large it is later
  EXPECT_NEAR(averaged.mean().item<float>(), 1.0f - 0.5625f * 2 / 11, 1e-6f);
}

TEST(WeightAverage, CopiesRunningStatistics) {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  WeightAverage average(*model, 0.9);
  for (NamedTensor& entry : model->state()) {
    if (!entry.trained) entry.tensor.fill_(7);
  }
  average.update(5);
  for (const NamedTensor& entry : average.network()->state()) {
    if (entry.trained) continue;
    EXPECT_TRUE((entry.tensor == 7).all().item<bool>()) << entry.name;
  }
}

}  // namespace
}  // namespace ra

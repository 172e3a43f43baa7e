#include "ra/training/adam.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

at::Tensor parameter(double value) { return at::full({1}, value, at::kDouble).requires_grad_(true); }

TEST(Adam, FollowsAHandComputedSequence) {
  at::Tensor p = parameter(1.0);
  Adam adam({p}, 0.1);
  double value = 1.0, first = 0.0, second = 0.0;
  int step = 0;
  for (const double gradient : {0.5, -2.0, 0.25}) {
    ++step;
    p.mutable_grad() = at::full({1}, gradient, at::kDouble);
    adam.step();
    first = 0.9 * first + 0.1 * gradient;
    second = 0.999 * second + 0.001 * gradient * gradient;
    const double corrected_first = first / (1.0 - std::pow(0.9, step));
    const double corrected_second = second / (1.0 - std::pow(0.999, step));
    value -= 0.1 * corrected_first / (std::sqrt(corrected_second) + 1e-8);
    EXPECT_NEAR(p.item<double>(), value, 1e-9) << "step " << step;
    EXPECT_NEAR(adam.first_moments()[0].item<double>(), first, 1e-15);
    EXPECT_NEAR(adam.second_moments()[0].item<double>(), second, 1e-15);
    EXPECT_EQ(p.grad().item<double>(), gradient) << "the gradient must stay readable";
  }
}

TEST(Adam, FirstStepHasTheLengthOfTheLearningRateWhateverTheGradient) {
  for (const double gradient : {1e-3, 1.0, 1e4}) {
    at::Tensor p = parameter(0.0);
    Adam adam({p}, 0.01);
    p.mutable_grad() = at::full({1}, gradient, at::kDouble);
    adam.step();
    EXPECT_NEAR(p.item<double>(), -0.01, 1e-6);
  }
}

TEST(Adam, LeavesParametersWithoutGradientAlone) {
  at::Tensor p = parameter(3.0);
  Adam adam({p}, 0.1);
  p.mutable_grad() = at::ones({1}, at::kDouble);
  adam.zero_grad();
  adam.step();
  EXPECT_EQ(p.item<double>(), 3.0);
}

TEST(Adam, GoesOnFromASavedStateAsIfNothingHadHappened) {
  at::Tensor p = parameter(1.0), q = parameter(1.0);
  Adam through({p}, 0.1), first_half({q}, 0.1);
  const auto run = [](Adam& adam, std::initializer_list<double> gradients) {
    at::Tensor parameter = adam.parameters()[0];
    for (const double gradient : gradients) {
      parameter.mutable_grad() = at::full({1}, gradient, at::kDouble);
      adam.step();
    }
  };
  run(through, {0.5, -1.0, 2.0, 0.1});
  run(first_half, {0.5, -1.0});
  at::Tensor r = q.detach().clone().requires_grad_(true);
  Adam second_half({r}, 99.0);
  second_half.load(first_half.state());
  EXPECT_EQ(second_half.steps(), 2);
  EXPECT_EQ(second_half.learning_rate(), 0.1);
  run(second_half, {2.0, 0.1});
  EXPECT_EQ(r.item<double>(), p.item<double>());
}

TEST(Adam, RefusesTheStateOfAnotherModel) {
  at::Tensor p = parameter(1.0);
  Adam one({p}, 0.1);
  p.mutable_grad() = at::ones({1}, at::kDouble);
  one.step();
  Adam two({parameter(1.0), parameter(2.0)}, 0.1);
  testing::expect_error(ErrorCode::kBadInput, {"optimiser", "1 tensors", "2"}, [&] { two.load(one.state()); });
  Adam wider({at::zeros({7}, at::kDouble)}, 0.1);
  testing::expect_error(ErrorCode::kBadInput, {"exp_avg of tensor 0"}, [&] { wider.load(one.state()); });
  testing::expect_error(ErrorCode::kBadInput, {"no state"}, [&] { one.load(CheckpointValue{std::string("x")}); });
}

}  // namespace
}  // namespace ra

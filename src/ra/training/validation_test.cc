#include "ra/training/validation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "ra/base/error.h"
#include "ra/training/losses.h"
#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

using testing::ramps;
using testing::tiny_model;

TEST(Validation, MeasuresEachRuleAsScreeningReconstructs) {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  const at::Tensor images = ramps(5).images;
  const at::Tensor noise = latent_noise(LatentRule::parse("average:4"), 16, 11);
  const Validation validation = validate(*model, images, noise, 2);
  ASSERT_EQ(validation.errors.size(), 3u);
  for (const char* rule : {"mean", "sample", "average:4"}) {
    const at::Tensor rebuilt = reconstruct(*model, images, LatentRule::parse(rule), noise);
    const double error = (rebuilt - images).square().sum(at::kDouble).item<double>() / 5.0;
    EXPECT_NEAR(validation.error_of(LatentRule::parse(rule)), error, 1e-5 * error) << rule;
  }
  EXPECT_EQ(validation.pixels, 32 * 32);
  EXPECT_THROW(validation.error_of(LatentRule::parse("average:5")), Error);
}

// A random network gives every image nearly the same picture, which can be nearest to one of them only.
TEST(Validation, KnowsANetworkThatGivesEveryoneTheSamePicture) {
  const at::Tensor images = ramps(8).images, noise = latent_noise(LatentRule::parse("average:2"), 16, 1);
  for (const RuleError& error : validate(*tiny_model(), images, noise, 3).errors) {
    EXPECT_LE(error.own_share, 2.0 / 8);
    EXPECT_GT(error.own_share, 0.0);
  }
}

TEST(Validation, CountsTheLatentDimensionsThatCarrySomething) {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  const at::Tensor images = ramps(5).images, noise = latent_noise(LatentRule::parse("average:2"), 16, 1);
  const Validation random = validate(*model, images, noise, 2);
  ASSERT_EQ(random.kl_per_latent.size(), 16u);
  const Encoder::Output posterior = model->encoder().forward(images, BatchNormMode::kFrozen);
  const double kl = kl_divergence(posterior.mean, posterior.log_variance).mean().item<double>();
  EXPECT_NEAR(random.kl(), kl, 1e-5 * kl);
  // A posterior that is the prior, but for the mean of dimension 3.
  for (NamedTensor& entry : model->state()) {
    if (entry.name.starts_with("encoder.fc.")) entry.tensor.zero_();
    if (entry.name == "encoder.fc.bias") entry.tensor[3] = 2.0;
  }
  const Validation collapsed = validate(*model, images, noise, 2);
  EXPECT_EQ(collapsed.active_latents(), 1);
  EXPECT_NEAR(collapsed.kl_per_latent[3], 2.0, 1e-6);
  EXPECT_NEAR(collapsed.kl(), 2.0, 1e-6);
}

TEST(Validation, DoesNotDependOnTheBatchSize) {
  const auto model = tiny_model();
  const at::Tensor images = ramps(7).images, noise = latent_noise(LatentRule::parse("average:2"), 16, 1);
  const Validation one = validate(*model, images, noise, 1), all = validate(*model, images, noise, 7);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(one.errors[k].squared_error, all.errors[k].squared_error, 1e-5 * all.errors[k].squared_error);
  }
  EXPECT_NEAR(one.output_level, all.output_level, 1e-6);
}

TEST(Validation, LogsTheReferencesNamesPerPixelAndTheRulesPerImage) {
  Validation validation;
  validation.pixels = 100;
  validation.errors = {
      {LatentRule::parse("mean"), 50.0}, {LatentRule::parse("sample"), 30.0}, {LatentRule::parse("average:8"), 40.0}};
  EXPECT_EQ(validation.best().rule.text(), "sample");
  const MetricRow row = validation_metrics(validation, LatentRule::parse("average:8"), "Val");
  EXPECT_EQ(row[0].first, "Val/Val_loss_rec");
  EXPECT_EQ(std::get<double>(row[0].second), 0.4);
  EXPECT_EQ(row[1].first, "Val/Val_loss_mse");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(row[2].second));
  EXPECT_EQ(row[7].first, "Val/squared_error_average:8");
  EXPECT_EQ(std::get<double>(row[7].second), 40.0);
  EXPECT_EQ(row[8].first, "Val/own_share_average:8");
}

TEST(Collapse, IsAnEmptyPictureNotADarkOne) {
  Validation validation;
  validation.input_contrast = 0.2;
  validation.output_contrast = 0.15;
  validation.output_level = 0.05;
  EXPECT_FALSE(collapsed_to(validation));
  validation.output_contrast = 0.001;
  EXPECT_EQ(collapsed_to(validation), "black");
  validation.output_level = 0.98;
  EXPECT_EQ(collapsed_to(validation), "white");
  validation.output_level = 0.5;
  EXPECT_EQ(collapsed_to(validation), "gray");
}

TEST(Yardsticks, AreTheErrorsOfTheMeanTrainingPictureAndOfBlack) {
  const at::Tensor training = at::stack({at::zeros({1, 2, 2}), at::ones({1, 2, 2})});
  const at::Tensor held_out = at::full({3, 1, 2, 2}, 0.75);
  const Yardsticks yardsticks = measure_yardsticks(training, held_out);
  EXPECT_DOUBLE_EQ(yardsticks.mean_picture, 4 * 0.25 * 0.25);
  EXPECT_DOUBLE_EQ(yardsticks.black, 4 * 0.75 * 0.75);
}

}  // namespace
}  // namespace ra

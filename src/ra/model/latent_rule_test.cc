#include "ra/model/latent_rule.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "ra/base/error.h"
#include "ra/testing/hashed_weights.h"

namespace ra {
namespace {

class LatentRuleTest : public ::testing::Test {
 protected:
  static ModelOptions options() {
    ModelOptions options;
    options.image_size = 32;
    options.channels = {4, 8, 8};
    options.latent_size = 6;
    return options;
  }

  at::Tensor run(const std::string& rule, const at::Tensor& noise = {}) const {
    const LatentRule parsed = LatentRule::parse(rule);
    return reconstruct(model_, images_, parsed, noise.defined() ? noise : latent_noise(parsed, 6, 3));
  }

  const at::NoGradGuard no_grad_;
  const ReversedAutoencoder model_{options(), 1};
  const at::Tensor images_ = testing::hashed_tensor("images", {3, 1, 32, 32}).abs();
};

TEST_F(LatentRuleTest, ParsesItsOwnText) {
  for (const char* text : {"mean", "sample", "average:2", "average:8", "average:1024"}) {
    EXPECT_EQ(LatentRule::parse(text).text(), text);
  }
  for (const char* text :
       {"", "Mean", "average", "average:", "average:1", "average:1025", "average:-2", "average:8x", "average:2.5"}) {
    EXPECT_THROW(LatentRule::parse(text), Error) << text;
  }
}

TEST_F(LatentRuleTest, MeanDecodesTheMean) {
  const auto output = model_.forward(images_);
  EXPECT_TRUE(at::equal(run("mean"), output.reconstruction));
}

TEST_F(LatentRuleTest, NoiseIsAFunctionOfTheSeedAndItsDrawsDiffer) {
  const LatentRule rule = LatentRule::parse("average:4");
  const at::Tensor noise = latent_noise(rule, 6, 3);
  EXPECT_EQ(noise.sizes(), (at::IntArrayRef{4, 6}));
  EXPECT_TRUE(at::equal(noise, latent_noise(rule, 6, 3)));
  EXPECT_FALSE(at::equal(noise, latent_noise(rule, 6, 4)));
  EXPECT_FALSE(at::equal(noise[0], noise[1]));
  // A longer average begins with the draws of a shorter one.
  EXPECT_TRUE(at::equal(noise, latent_noise(LatentRule::parse("average:9"), 6, 3).slice(0, 0, 4)));
}

TEST_F(LatentRuleTest, AverageIsTheMeanOfItsSamples) {
  const at::Tensor noise = latent_noise(LatentRule::parse("average:4"), 6, 3);
  at::Tensor sum = at::zeros_like(images_);
  for (std::int64_t k = 0; k < 4; ++k) sum += run("sample", noise.slice(0, k, k + 1));
  EXPECT_TRUE(at::allclose(run("average:4", noise), sum / 4, 0, 1e-6));
}

TEST_F(LatentRuleTest, EveryImageGetsTheSameNoise) {
  const at::Tensor same = images_.slice(0, 0, 1).expand_as(images_);
  const LatentRule rule = LatentRule::parse("sample");
  const at::Tensor result = reconstruct(model_, same, rule, latent_noise(rule, 6, 3));
  EXPECT_TRUE(at::allclose(result[0], result[2], 0, 1e-6));
}

TEST_F(LatentRuleTest, TheOrderOfABatchDoesNotMatter) {
  const LatentRule rule = LatentRule::parse("average:3");
  const at::Tensor noise = latent_noise(rule, 6, 3);
  const at::Tensor turned = reconstruct(model_, images_.flip(0), rule, noise);
  EXPECT_TRUE(at::allclose(turned.flip(0), run("average:3", noise), 0, 1e-6));
}

}  // namespace
}  // namespace ra

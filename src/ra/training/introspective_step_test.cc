#include "ra/training/introspective_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "ra/testing/expect_error.h"
#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

using testing::copied_state;
using testing::equal;
using testing::ramps;
using testing::step_noise;
using testing::tiny_model;

bool moved(const std::vector<at::Tensor>& before, const std::vector<at::Tensor>& after) {
  for (std::size_t k = 0; k < before.size(); ++k) {
    if (before[k].equal(after[k])) return false;
  }
  return true;
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& tensor : tensors) result.push_back(tensor.detach().clone());
  return result;
}

TEST(IntrospectiveStep, MovesEveryParameterAndKeepsItsGradient) {
  const auto model = tiny_model();
  const auto encoder = copies(model->encoder_parameters()), decoder = copies(model->decoder_parameters());
  IntrospectiveStep step(*model, {}, BatchNormMode::kFrozen, 1e-3);
  const StepTerms terms = step.step(ramps(4).images, step_noise(0, 4));
  EXPECT_TRUE(moved(encoder, model->encoder_parameters()));
  EXPECT_TRUE(moved(decoder, model->decoder_parameters()));
  for (const at::Tensor& parameter : step.encoder_adam().parameters()) EXPECT_TRUE(parameter.grad().defined());
  for (const at::Tensor& parameter : step.decoder_adam().parameters()) EXPECT_TRUE(parameter.grad().defined());
  for (const NamedTensor& term : terms.scalars()) {
    EXPECT_EQ(term.tensor.dim(), 0) << term.name;
    EXPECT_FALSE(term.tensor.requires_grad()) << term.name;
  }
  for (const NamedTensor& term : terms.each()) EXPECT_EQ(term.tensor.sizes(), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(terms.scalars().size(), 14u);
}

TEST(IntrospectiveStep, TermsAddUpToTheTwoLosses) {
  const auto model = tiny_model();
  model->to(at::kDouble, at::kCPU);
  LossOptions loss;
  loss.gamma_r = 0.3;
  IntrospectiveStep step(*model, loss, BatchNormMode::kFrozen, 1e-3);
  StepNoise noise = step_noise(0, 4);
  for (at::Tensor* draw :
       {&noise.prior, &noise.real, &noise.rec_encoder, &noise.fake_encoder, &noise.rec_decoder, &noise.fake_decoder}) {
    *draw = draw->to(at::kDouble);
  }
  const StepTerms t = step.step(ramps(4).images.to(at::kDouble), noise);
  const auto v = [](const at::Tensor& term) { return term.item<double>(); };
  const double scale = 1.0 / (32 * 32);
  EXPECT_NEAR(v(t.e_loss),
              scale * (0.5 * v(t.e_loss_rec) + v(t.e_kl_real)) + 0.25 * (v(t.e_expelbo_rec) + v(t.e_expelbo_fake)) +
                  0.005 * v(t.e_loss_embedding),
              1e-12);
  EXPECT_NEAR(v(t.d_loss),
              scale * (0.5 * v(t.d_loss_rec) + 0.5 * (v(t.d_kl_rec) + v(t.d_kl_fake)) +
                       0.3 * 0.5 * 0.5 * (v(t.d_loss_rec_rec) + v(t.d_loss_rec_fake))),
              1e-12);
}

TEST(IntrospectiveStep, TracksStatisticsOnlyWithBatchNorm) {
  const at::Tensor images = ramps(4).images;
  const auto frozen = tiny_model(), tracked = tiny_model();
  const auto statistic = [](const ReversedAutoencoder& model, const char* name) {
    return find_tensor(model.state(), name).clone();
  };
  const at::Tensor mean = statistic(*frozen, "encoder.main.1.running_mean");
  IntrospectiveStep(*frozen, {}, BatchNormMode::kFrozen, 1e-3).step(images, step_noise(0, 4));
  EXPECT_TRUE(mean.equal(statistic(*frozen, "encoder.main.1.running_mean")));
  EXPECT_EQ(statistic(*frozen, "encoder.main.1.num_batches_tracked").item<int>(), 1);

  IntrospectiveStep(*tracked, {}, BatchNormMode::kBatch, 1e-3).step(images, step_noise(0, 4));
  EXPECT_FALSE(mean.equal(statistic(*tracked, "encoder.main.1.running_mean")));
  // Four and two passes of the encoder, four and four of the decoder.
  EXPECT_EQ(statistic(*tracked, "encoder.main.1.num_batches_tracked").item<int>(), 1 + 6);
  EXPECT_EQ(statistic(*tracked, "decoder.main.res_in_4.bn1.num_batches_tracked").item<int>(), 8);
}

TEST(IntrospectiveStep, NamesATermThatIsNotFiniteBeforeAnythingMoves) {
  const auto model = tiny_model();
  const auto before = copied_state(*model);
  IntrospectiveStep step(*model, {}, BatchNormMode::kFrozen, 1e-3);
  at::Tensor images = ramps(2).images.clone();
  images[0][0][3][3] = std::numeric_limits<float>::quiet_NaN();
  testing::expect_error(ErrorCode::kFailed, {"e_loss_rec", "nan"}, [&] { step.step(images, step_noise(0, 2)); });
  testing::expect_error(ErrorCode::kFailed, {"loss_rec", "nan"},
                        [&] { step.warm_up(images, step_noise(0, 2).real, 1.0); });
  EXPECT_TRUE(equal(before, copied_state(*model)));
}

TEST(IntrospectiveStep, MovesOnlyWhatIsFiniteThoughSeveralStepsAreReadLater) {
  at::Tensor bad = ramps(2).images.clone();
  bad[0][0][3][3] = std::numeric_limits<float>::quiet_NaN();
  const auto late = tiny_model(), at_once = tiny_model();
  IntrospectiveStep one(*late, {}, BatchNormMode::kFrozen, 1e-3), other(*at_once, {}, BatchNormMode::kFrozen, 1e-3);
  UnreadStep first = one.start(ramps(4).images, step_noise(0, 4));
  UnreadStep second = one.start(bad, step_noise(1, 2));
  UnreadWarmup third = one.start_warm_up(bad, step_noise(2, 2).real, 1.0);
  UnreadStep fourth = one.start(ramps(4).images, step_noise(3, 4));
  const StepTerms read = one.read(std::move(first));
  EXPECT_THROW(one.read(std::move(second)), NonFiniteStep);
  EXPECT_THROW(one.read(std::move(third)), NonFiniteStep);
  const StepTerms last = one.read(std::move(fourth));

  const StepTerms expected = other.step(ramps(4).images, step_noise(0, 4));
  const StepTerms expected_last = other.step(ramps(4).images, step_noise(3, 4));
  EXPECT_EQ(read.d_loss.item<float>(), expected.d_loss.item<float>());
  EXPECT_EQ(last.e_loss.item<float>(), expected_last.e_loss.item<float>());
  EXPECT_EQ(last.d_gradient_norm, expected_last.d_gradient_norm);
  EXPECT_TRUE(equal(copied_state(*late), copied_state(*at_once)));
  EXPECT_EQ(one.encoder_adam().steps(), 2);
  EXPECT_EQ(one.decoder_adam().steps(), 2);
}

TEST(IntrospectiveStep, WarmsUpBothHalvesWithTheSameMoments) {
  const auto model = tiny_model();
  IntrospectiveStep step(*model, {}, BatchNormMode::kFrozen, 2e-3);
  const at::Tensor images = ramps(8).images;
  const WarmupTerms first = step.warm_up(images, step_noise(0, 8).real, 1.0);
  EXPECT_NEAR(first.loss.item<double>(),
              (0.5 * first.loss_rec.item<double>() + first.kl_real.item<double>()) / (32 * 32), 1e-5);
  WarmupTerms last = first;
  for (std::uint32_t k = 1; k < 40; ++k) last = step.warm_up(images, step_noise(k, 8).real, 1.0);
  EXPECT_LT(last.loss_rec.item<double>(), 0.7 * first.loss_rec.item<double>());
  step.step(images, step_noise(41, 8));
  EXPECT_EQ(step.encoder_adam().steps(), 41);
  EXPECT_EQ(step.decoder_adam().steps(), 41);
}

}  // namespace
}  // namespace ra

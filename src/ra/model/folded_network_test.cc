#include "ra/model/folded_network.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <memory>

#include "ra/testing/expect_error.h"
#include "ra/testing/hashed_weights.h"

namespace ra {
namespace {

// Widths that Winograd's filtering takes, an identity skip and a 1x1 convolution in both halves.
std::unique_ptr<ReversedAutoencoder> small_model(at::ScalarType dtype) {
  ModelOptions options;
  options.image_size = 32;
  options.channels = {8, 16, 16};
  options.latent_size = 8;
  auto model = std::make_unique<ReversedAutoencoder>(options, 1);
  testing::load_hashed_weights(*model);
  model->to(dtype, at::kCPU);
  for (const at::Tensor& parameter : model->encoder_parameters()) at::Tensor(parameter).requires_grad_(true);
  for (const at::Tensor& parameter : model->decoder_parameters()) at::Tensor(parameter).requires_grad_(true);
  return model;
}

at::Tensor waves(at::IntArrayRef sizes, at::ScalarType dtype) {
  const std::int64_t count = c10::multiply_integers(sizes);
  return (0.5 + 0.5 * at::sin(0.37 * at::arange(count, at::kDouble) + 0.001)).reshape(sizes).to(dtype);
}

double difference(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor exact = want.detach().to(at::kDouble);
  return ((got.detach().to(at::kDouble) - exact).abs().max() / exact.abs().max()).item<double>();
}

// A number that every output of an encoder counts in.
at::Tensor encoder_loss(const Encoder::Output& output) {
  at::Tensor loss = output.mean.square().sum() + output.log_variance.sin().sum();
  for (const at::Tensor& embedding : output.embeddings) loss = loss + embedding.to(loss.scalar_type()).square().mean();
  return loss;
}

// The gradients of x and of all parameters.
std::vector<at::Tensor> gradients(const at::Tensor& loss, at::Tensor x, std::vector<at::Tensor> parameters) {
  loss.backward();
  std::vector<at::Tensor> result = {x.grad().clone()};
  x.mutable_grad().reset();
  for (at::Tensor& parameter : parameters) {
    result.push_back(parameter.grad().clone());
    parameter.mutable_grad().reset();
  }
  return result;
}

struct Expected {
  at::ScalarType dtype;
  ConvolutionMethod method;
  double tolerance;
};

class FoldedNetwork : public ::testing::TestWithParam<Expected> {};

TEST_P(FoldedNetwork, EncodesAndTrainsAsTheNetworkItself) {
  const auto exact = small_model(at::kDouble), model = small_model(GetParam().dtype);
  // So many that Winograd's filtering gains in the encoder, too.
  at::Tensor x = waves({12, 1, 32, 32}, at::kDouble).requires_grad_(true);
  at::Tensor same = x.detach().to(GetParam().dtype).requires_grad_(true);
  const Encoder::Output want = exact->encoder().forward(x, BatchNormMode::kFrozen);
  const FoldedEncoder folded(model->encoder(), {GetParam().dtype, GetParam().method});
  const Encoder::Output got = folded.forward(same);
  EXPECT_LT(difference(got.mean, want.mean), GetParam().tolerance);
  EXPECT_LT(difference(got.log_variance, want.log_variance), GetParam().tolerance);
  const auto wanted = gradients(encoder_loss(want), x, exact->encoder_parameters());
  const auto found = gradients(encoder_loss(got), same, model->encoder_parameters());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    EXPECT_LT(difference(found[k], wanted[k]), 10 * GetParam().tolerance) << "gradient " << k;
  }
}

TEST_P(FoldedNetwork, DecodesAndTrainsAsTheNetworkItself) {
  const auto exact = small_model(at::kDouble), model = small_model(GetParam().dtype);
  at::Tensor z = (waves({3, 8}, at::kDouble) * 4 - 2).requires_grad_(true);
  at::Tensor same = z.detach().to(GetParam().dtype).requires_grad_(true);
  const at::Tensor want = exact->decoder().forward(z, BatchNormMode::kFrozen);
  const FoldedDecoder folded(model->decoder(), {GetParam().dtype, GetParam().method});
  const at::Tensor got = folded.forward(same);
  EXPECT_LT(difference(got, want), GetParam().tolerance);
  const at::Tensor target = waves(want.sizes(), at::kDouble);
  const auto wanted = gradients((want - target).square().sum(), z, exact->decoder_parameters());
  const auto found = gradients((got - target.to(got.scalar_type())).square().sum(), same, model->decoder_parameters());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    EXPECT_LT(difference(found[k], wanted[k]), 10 * GetParam().tolerance) << "gradient " << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, FoldedNetwork,
                         ::testing::Values(Expected{at::kDouble, ConvolutionMethod::kDirect, 1e-12},
                                           Expected{at::kFloat, ConvolutionMethod::kDirect, 1e-5},
                                           Expected{at::kFloat, ConvolutionMethod::kWinograd, 1e-4}));

TEST(FoldedNetwork, InBf16KeepsItsPosteriorInFloatAndStaysNear) {
  const auto model = small_model(at::kFloat);
  const at::Tensor x = waves({2, 1, 32, 32}, at::kFloat);
  const Encoder::Output want = model->encoder().forward(x, BatchNormMode::kFrozen);
  const Encoder::Output got = FoldedEncoder(model->encoder(), {at::kBFloat16}).forward(x);
  EXPECT_EQ(got.mean.scalar_type(), at::kFloat);
  EXPECT_EQ(got.embeddings[0].scalar_type(), at::kBFloat16);
  EXPECT_LT(difference(got.mean, want.mean), 0.05);
  EXPECT_GT(difference(got.mean, want.mean), 1e-5) << "it was computed in float32";
  const at::Tensor decoded = FoldedDecoder(model->decoder(), {at::kBFloat16}).forward(want.mean);
  EXPECT_EQ(decoded.scalar_type(), at::kFloat);
  EXPECT_LT(difference(decoded, model->decoder().forward(want.mean, BatchNormMode::kFrozen)), 0.05);
}

TEST(FoldedNetwork, PackedGivesWhatTheNetworkGives) {
  const auto exact = small_model(at::kDouble), model = small_model(at::kFloat);
  const at::NoGradGuard no_grad;
  const at::Tensor x = waves({2, 1, 32, 32}, at::kDouble);
  const Encoder::Output want = exact->encoder().forward(x, BatchNormMode::kFrozen);
  const FoldedEncoder encoder(model->encoder(), kPackedMode);
  const Encoder::Output got = encoder.forward(x.to(at::kFloat));
  EXPECT_LT(difference(got.mean, want.mean), 1e-4);
  EXPECT_LT(difference(got.embeddings.back(), want.embeddings.back()), 1e-4);
  EXPECT_TRUE(at::equal(encoder.embed(x.to(at::kFloat)).back(), got.embeddings.back()));
  const at::Tensor decoded = FoldedDecoder(model->decoder(), kPackedMode).forward(want.mean.to(at::kFloat));
  EXPECT_LT(difference(decoded, exact->decoder().forward(want.mean, BatchNormMode::kFrozen)), 1e-4);
}

TEST(FoldedNetwork, RefusesAConditionalModel) {
  ModelOptions options;
  options.image_size = 32;
  options.channels = {8, 8};
  options.conditional = true;
  const ReversedAutoencoder model(options, 1);
  testing::expect_error(ErrorCode::kUsage, {"conditional"}, [&] { FoldedEncoder(model.encoder(), {at::kFloat}); });
}

}  // namespace
}  // namespace ra

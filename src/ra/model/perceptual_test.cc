#include "ra/model/perceptual.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/testing/hashed_weights.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

at::Tensor images(const std::string& name, std::int64_t channels = 1) {
  return testing::hashed_tensor(name, {2, channels, 64, 64}).abs().clamp(0, 1);
}

// Weights in the shape of the published ones: heads are positive there.
std::unique_ptr<PerceptualDistance> hashed_lpips() {
  StateDict backbone, heads;
  const auto convolution = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size) {
    backbone.push_back({name + ".weight", testing::hashed_tensor(name + ".weight", {out, in, size, size})});
    backbone.push_back({name + ".bias", testing::hashed_tensor(name + ".bias", {out})});
  };
  convolution("0", 64, 3, 3);
  const std::vector<std::array<std::int64_t, 4>> fires = {{3, 64, 16, 64},    {4, 128, 16, 64},  {6, 128, 32, 128},
                                                          {7, 256, 32, 128},  {9, 256, 48, 192}, {10, 384, 48, 192},
                                                          {11, 384, 64, 256}, {12, 512, 64, 256}};
  for (const auto& [index, in, squeeze, expand] : fires) {
    const std::string prefix = std::to_string(index);
    convolution(prefix + ".squeeze", squeeze, in, 1);
    convolution(prefix + ".expand1x1", expand, squeeze, 1);
    convolution(prefix + ".expand3x3", expand, squeeze, 3);
  }
  const std::array<std::int64_t, 7> channels = {64, 128, 256, 384, 384, 512, 512};
  for (std::size_t k = 0; k < channels.size(); ++k) {
    const std::string name = "lin" + std::to_string(k) + ".model.1.weight";
    heads.push_back({name, testing::hashed_tensor(name, {1, channels[k], 1, 1}).abs()});
  }
  return std::make_unique<SqueezenetLpips>(backbone, heads, at::kCPU);
}

std::unique_ptr<PerceptualDistance> hashed_encoder_distance(int image_channels) {
  ModelOptions options;
  options.image_size = 64;
  options.image_channels = image_channels;
  options.channels = {4, 8, 8};
  options.latent_size = 6;
  auto model = std::make_shared<ReversedAutoencoder>(options, 1);
  testing::load_hashed_weights(*model);
  return make_encoder_distance(model);
}

void expect_distance(const PerceptualDistance& perceptual, std::int64_t channels) {
  const at::Tensor a = images("a", channels), b = images("b", channels);
  const at::Tensor map = perceptual.distance(a, b);
  EXPECT_EQ(map.sizes(), (at::IntArrayRef{2, 1, 64, 64}));
  EXPECT_GT(map.min().item<float>(), 0);
  EXPECT_EQ(perceptual.distance(a, a).abs().max().item<float>(), 0);
  EXPECT_TRUE(at::allclose(perceptual.distance(b, a), map, 0, 1e-6));
  EXPECT_TRUE(at::allclose(perceptual.distance(a.slice(0, 1), b.slice(0, 1)), map.slice(0, 1), 1e-4, 1e-6));
  EXPECT_FALSE(map.requires_grad());
}

TEST(SqueezenetLpips, IsADistanceOfEachImageByItself) {
  const auto lpips = hashed_lpips();
  EXPECT_EQ(lpips->name(), "squeezenet");
  for (const std::int64_t channels : {1, 2, 3}) expect_distance(*lpips, channels);
}

TEST(SqueezenetLpips, GrayIsThreeEqualChannels) {
  const auto lpips = hashed_lpips();
  const at::Tensor a = images("a"), b = images("b");
  EXPECT_TRUE(at::allclose(lpips->distance(a, b), lpips->distance(a.expand({2, 3, 64, 64}), b.expand({2, 3, 64, 64})),
                           0, 1e-6));
}

TEST(SqueezenetLpips, ADifferenceShowsWhereItIs) {
  const at::Tensor a = images("a");
  at::Tensor b = a.clone();
  b.slice(2, 0, 16).slice(3, 0, 16).fill_(1);
  const at::Tensor map = hashed_lpips()->distance(a, b);
  EXPECT_GT(map.slice(2, 0, 16).slice(3, 0, 16).mean().item<float>(),
            5 * map.slice(2, 48).slice(3, 48).mean().item<float>());
}

TEST(SqueezenetLpips, MissingWeightsNameTheRemedy) {
  const testing::TemporaryFolder folder;
  try {
    load_squeezenet_lpips(folder.path(), at::kCPU);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--perceptual-weights"));
  }
  EXPECT_THROW(SqueezenetLpips({}, {}, at::kCPU), Error);
}

TEST(EncoderDistance, IsADistanceOfEachImageByItself) {
  for (const int channels : {1, 3}) {
    const auto distance = hashed_encoder_distance(channels);
    EXPECT_EQ(distance->name(), "encoder");
    expect_distance(*distance, channels);
  }
}

// Each level contributes |a - b|^2 of two unit vectors: at most 4.
TEST(EncoderDistance, IsAtMostFour) {
  const at::Tensor map = hashed_encoder_distance(1)->distance(at::zeros({1, 1, 64, 64}), at::ones({1, 1, 64, 64}));
  EXPECT_LE(map.max().item<float>(), 4.0F);
}

}  // namespace
}  // namespace ra

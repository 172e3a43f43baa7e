#include "ra/model/reversed_autoencoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "ra/base/error.h"
#include "ra/testing/hashed_weights.h"

namespace ra {
namespace {

using ::testing::HasSubstr;

ModelOptions small_options() {
  ModelOptions options;
  options.image_size = 32;
  options.channels = {4, 8, 8};
  options.latent_size = 6;
  return options;
}

at::Tensor test_images(std::int64_t count, const ModelOptions& options) {
  return testing::hashed_tensor("images", {count, options.image_channels, options.image_size, options.image_size})
      .abs()
      .clamp(0, 1);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(ReversedAutoencoder, BuildsForEveryImageSize) {
  const at::NoGradGuard no_grad;
  for (int size = 32; size <= 512; size *= 2) {
    ModelOptions options = small_options();
    options.image_size = size;
    options.image_channels = size == 64 ? 3 : 1;
    const ReversedAutoencoder model(options, 1);
    const auto output = model.forward(test_images(1, options));
    EXPECT_EQ(output.reconstruction.sizes(), (at::IntArrayRef{1, options.image_channels, size, size}));
    EXPECT_EQ(output.posterior.embeddings.size(), 3);
    EXPECT_EQ(output.posterior.embeddings.back().sizes(), (at::IntArrayRef{1, 8, size / 8, size / 8}));
  }
}

TEST(ReversedAutoencoder, RefusesOptionsOutOfRange) {
  const auto refused = [](auto change) {
    ModelOptions options = small_options();
    change(options);
    return message_of([&] { ReversedAutoencoder(options, 1); });
  };
  EXPECT_THAT(refused([](auto& o) { o.image_size = 48; }), HasSubstr("model.image_size"));
  EXPECT_THAT(refused([](auto& o) { o.image_size = 1024; }), HasSubstr("model.image_size"));
  for (const int channels : {0, 2, 4}) {
    EXPECT_THAT(refused([&](auto& o) { o.image_channels = channels; }), HasSubstr("1 (gray) or 3 (colour)"));
  }
  EXPECT_THAT(refused([](auto& o) { o.latent_size = 0; }), HasSubstr("model.latent_size"));
  EXPECT_THAT(refused([](auto& o) { o.channels = {8}; }), HasSubstr("model.channels"));
  EXPECT_THAT(refused([](auto& o) { o.channels = {8, 0}; }), HasSubstr("model.channels"));
  EXPECT_THAT(refused([](auto& o) { o.channels = std::vector<int>(6, 8); }), HasSubstr("model.channels"));
  EXPECT_THAT(refused([](auto& o) { o.conditional = true, o.condition_size = 0; }), HasSubstr("model.condition_size"));
}

TEST(ReversedAutoencoder, WeightsAreAFunctionOfTheSeed) {
  const StateDict first = ReversedAutoencoder(small_options(), 7).state();
  const StateDict again = ReversedAutoencoder(small_options(), 7).state();
  const StateDict other = ReversedAutoencoder(small_options(), 8).state();
  for (std::size_t k = 0; k < first.size(); ++k) {
    EXPECT_TRUE(at::equal(first[k].tensor, again[k].tensor)) << first[k].name;
  }
  EXPECT_FALSE(at::equal(first[0].tensor, other[0].tensor));
}

TEST(ReversedAutoencoder, LoadNamesMissingUnexpectedAndMisshapenTensors) {
  ReversedAutoencoder model(small_options(), 1);
  StateDict state = ReversedAutoencoder(small_options(), 2).state();
  state[0].tensor = at::zeros({3, 3});
  state[1].name = "surprise";
  const std::string message = message_of([&] { model.load(state); });
  EXPECT_THAT(message, HasSubstr("encoder.main.0.weight is [3,3], the model has [4,1,5,5]"));
  EXPECT_THAT(message, HasSubstr("encoder.main.1.weight is missing"));
  EXPECT_THAT(message, HasSubstr("surprise is not part of the model"));
}

TEST(ReversedAutoencoder, LoadTakesValuesInAnyOrderAndType) {
  ReversedAutoencoder model(small_options(), 1);
  StateDict state = ReversedAutoencoder(small_options(), 2).state();
  std::reverse(state.begin(), state.end());
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.to(at::kDouble);
  model.load(state);
  EXPECT_TRUE(at::equal(find_tensor(model.state(), "decoder.fc.0.weight"),
                        find_tensor(state, "decoder.fc.0.weight").to(at::kFloat)));
}

TEST(ReversedAutoencoder, AdoptsTheTensorsThemselvesWhereTheyFit) {
  ReversedAutoencoder model(small_options());
  StateDict state = ReversedAutoencoder(small_options(), 2).state();
  state[0].tensor = state[0].tensor.to(at::kDouble);
  model.adopt(state);
  for (std::size_t k = 0; k < state.size(); ++k) {
    const at::Tensor own = model.state()[k].tensor;
    EXPECT_TRUE(at::equal(own, state[k].tensor.to(own.scalar_type()))) << state[k].name;
    EXPECT_EQ(own.data_ptr() == state[k].tensor.data_ptr(), k != 0) << state[k].name;
  }
  state.pop_back();
  EXPECT_THAT(message_of([&] { model.adopt(state); }), HasSubstr("is missing"));
}

TEST(ReversedAutoencoder, AdoptsEveryLayoutAsTheSame) {
  StateDict state = ReversedAutoencoder(small_options(), 2).state();
  for (NamedTensor& entry : state) {
    if (entry.tensor.dim() == 4) entry.tensor = entry.tensor.detach().clone(at::MemoryFormat::ChannelsLast);
  }
  ReversedAutoencoder model(small_options());
  model.adopt(state);
  const StateDict expected = ReversedAutoencoder(small_options(), 2).state();
  for (std::size_t k = 0; k < state.size(); ++k) {
    EXPECT_EQ(model.state()[k].tensor.strides(), expected[k].tensor.strides()) << state[k].name;
    EXPECT_TRUE(at::equal(model.state()[k].tensor, expected[k].tensor)) << state[k].name;
  }
}

TEST(ReversedAutoencoder, LoadKeepsItsOwnMemory) {
  ReversedAutoencoder model(small_options());
  const StateDict own = model.state();
  std::vector<void*> before;
  for (const NamedTensor& entry : own) before.push_back(entry.tensor.data_ptr());
  model.load(ReversedAutoencoder(small_options(), 2).state());
  for (std::size_t k = 0; k < own.size(); ++k) EXPECT_EQ(model.state()[k].tensor.data_ptr(), before[k]) << own[k].name;
}

void expect_round_trip(const ModelOptions& options) {
  const ReversedAutoencoder model(options, 1);
  StateDict state = model.state();
  std::reverse(state.begin(), state.end());
  const ModelOptions guessed = options_from_state(state);
  EXPECT_EQ(guessed.image_channels, options.image_channels);
  EXPECT_EQ(guessed.latent_size, options.latent_size);
  EXPECT_EQ(guessed.channels, options.channels);
  EXPECT_EQ(guessed.image_size, options.image_size);
  EXPECT_EQ(guessed.conditional, options.conditional);
  EXPECT_EQ(guessed.conditional ? guessed.condition_size : 0, options.conditional ? options.condition_size : 0);
  EXPECT_NO_THROW(ReversedAutoencoder(guessed, 2).load(state));
}

TEST(ReversedAutoencoder, OptionsFollowFromTheShapes) {
  expect_round_trip(small_options());
  ModelOptions options = small_options();
  options.image_size = 64;
  options.image_channels = 3;
  options.channels = {4, 6, 6, 12, 12};
  expect_round_trip(options);
  options.expand_equal_channels = true;
  expect_round_trip(options);
  options.expand_equal_channels_above = 6;
  expect_round_trip(options);
  options.conditional = true;
  options.condition_size = 3;
  expect_round_trip(options);
}

TEST(ReversedAutoencoder, OptionsOfOtherTensorsAreAnError) {
  EXPECT_THAT(message_of([] { options_from_state({}); }), HasSubstr("encoder.main.0.weight is missing"));
  const auto with = [](const std::string& name, const at::Tensor& tensor) {
    StateDict state = ReversedAutoencoder(small_options(), 1).state();
    for (NamedTensor& entry : state) {
      if (entry.name == name) entry.tensor = tensor;
    }
    return message_of([&] { options_from_state(state); });
  };
  EXPECT_THAT(with("encoder.fc.weight", at::zeros({12, 8 * 15})), HasSubstr("fit no square image"));
  EXPECT_THAT(with("encoder.main.res_in_16.conv2.weight", at::zeros({1}).expand({8192, 8192, 1, 1})),
              HasSubstr("no 3x3 convolution"));
}

TEST(ReversedAutoencoder, AConditionalModelNeedsItsCondition) {
  const at::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.conditional = true;
  options.condition_size = 3;
  const ReversedAutoencoder model(options, 1);
  const at::Tensor x = test_images(2, options);
  EXPECT_THROW(model.forward(x), Error);
  EXPECT_THROW(model.forward(x, {}, BatchNormMode::kFrozen, at::ones({1, 3})), Error);
  const auto a = model.forward(x, {}, BatchNormMode::kFrozen, at::zeros({2, 3})).reconstruction;
  const auto b = model.forward(x, {}, BatchNormMode::kFrozen, at::ones({2, 3})).reconstruction;
  EXPECT_FALSE(at::allclose(a, b));
}

TEST(ReversedAutoencoder, OnlyBatchModeMovesTheStatistics) {
  const at::NoGradGuard no_grad;
  const ReversedAutoencoder model(small_options(), 1);
  const auto statistics = [&] {
    std::vector<at::Tensor> copies;
    for (const NamedTensor& entry : model.state()) {
      if (!entry.trained) copies.push_back(entry.tensor.clone());
    }
    return copies;
  };
  const auto before = statistics();
  model.forward(test_images(2, model.options()));
  const auto frozen = statistics();
  model.forward(test_images(2, model.options()), {}, BatchNormMode::kBatch);
  const auto moved = statistics();
  for (std::size_t k = 0; k < before.size(); ++k) {
    EXPECT_TRUE(at::equal(frozen[k], before[k]));
    EXPECT_FALSE(at::equal(moved[k], before[k]));
  }
}

TEST(ReversedAutoencoder, ImagesOfABatchDoNotInfluenceEachOther) {
  const at::NoGradGuard no_grad;
  const ReversedAutoencoder model(small_options(), 1);
  const at::Tensor x = test_images(4, model.options());
  const at::Tensor order = at::tensor({2, 0, 3, 1}, at::kLong);
  const at::Tensor whole = model.forward(x).reconstruction;
  EXPECT_TRUE(
      at::allclose(model.forward(x.index_select(0, order)).reconstruction, whole.index_select(0, order), 0, 1e-6));
  EXPECT_TRUE(at::allclose(model.forward(x.slice(0, 1, 2)).reconstruction, whole.slice(0, 1, 2), 0, 1e-6));
}

TEST(ReversedAutoencoder, ChangesPrecisionInPlace) {
  const at::NoGradGuard no_grad;
  ReversedAutoencoder model(small_options(), 1);
  const at::Tensor x = test_images(1, model.options());
  const at::Tensor single = model.forward(x).reconstruction;
  model.to(at::kDouble, at::kCPU);
  const at::Tensor exact = model.forward(x.to(at::kDouble)).reconstruction;
  EXPECT_EQ(exact.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::allclose(exact.to(at::kFloat), single, 0, 1e-5));
  EXPECT_EQ(find_tensor(model.state(), "encoder.main.1.num_batches_tracked").scalar_type(), at::kLong);
}

}  // namespace
}  // namespace ra

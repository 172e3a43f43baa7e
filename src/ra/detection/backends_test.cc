#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/model/squeezenet.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// CLAHE turns a rounding into a step of one of its levels, and these scores are of noise (Note [Roundings]).
constexpr double kScoreTolerance = 1e-3;
// Winograd's convolutions round more.
double score_tolerance(const std::string& backend) {
  return backend == "native" ? 10 * kScoreTolerance : kScoreTolerance;
}

at::Tensor noise_images(std::int64_t count, const ModelOptions& shape) {
  at::Tensor images = at::empty({count, shape.image_channels, shape.image_size, shape.image_size});
  CounterRandom random(5, 0, 0, Purpose::kBrainImaging);
  for (std::int64_t k = 0; k < images.numel(); ++k) {
    images.data_ptr<float>()[k] = static_cast<float>(random.uniform());
  }
  return images;
}

// A model of any shape with batch norms that are not the identity, so that folding shows.
ModelFile model_of(const ModelOptions& shape) {
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(shape, 3);
  file.input.image_size = shape.image_size;
  file.input.image_channels = shape.image_channels;
  std::uint32_t index = 0;
  for (const NamedTensor& entry : file.model->state()) {
    const bool of_norm = entry.tensor.dim() == 1 &&
                         (entry.name.find(".bn") != std::string::npos || entry.name.starts_with("encoder.main.1."));
    CounterRandom random(4, 0, index++, Purpose::kWeights);
    for (std::int64_t k = 0; of_norm && k < entry.tensor.numel(); ++k) {
      entry.tensor.data_ptr<float>()[k] += static_cast<float>(random.uniform(-0.2, 0.3));
    }
  }
  return file;
}

ModelOptions colour_shape() {
  ModelOptions shape = testing::small_shape();
  shape.image_channels = 3;
  return shape;
}

ModelOptions expanding_shape() {
  ModelOptions shape = testing::small_shape();
  shape.channels = {4, 4, 8, 8};
  shape.expand_equal_channels = true;
  return shape;
}

// SqueezeNet with random weights.
SqueezenetWeights squeezenet_weights() {
  SqueezenetWeights weights;
  const auto add = [](StateDict& state, const std::string& name, std::vector<std::int64_t> shape) {
    at::Tensor tensor = at::empty(shape);
    const double bound = shape.size() > 1 ? std::sqrt(3.0 / static_cast<double>(tensor[0].numel())) : 0.1;
    CounterRandom random(8, 0, static_cast<std::uint32_t>(state.size()), Purpose::kWeights);
    for (std::int64_t k = 0; k < tensor.numel(); ++k) {
      tensor.data_ptr<float>()[k] = static_cast<float>(random.uniform(-bound, bound));
    }
    state.push_back({name, tensor});
  };
  const auto layer = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size) {
    add(weights.backbone, name + ".weight", {out, in, size, size});
    add(weights.backbone, name + ".bias", {out});
  };
  layer("0", 64, 3, 3);
  for (const squeezenet::FireShape& fire : squeezenet::kFires) {
    const std::string name = std::to_string(fire.index);
    layer(name + ".squeeze", fire.squeeze, fire.in, 1);
    layer(name + ".expand1x1", fire.expand, fire.squeeze, 1);
    layer(name + ".expand3x3", fire.expand, fire.squeeze, 3);
  }
  const std::vector<std::int64_t> channels = {64, 128, 256, 384, 384, 512, 512};
  for (std::size_t k = 0; k < channels.size(); ++k) {
    add(weights.heads, "lin" + std::to_string(k) + ".model.1.weight", {1, channels[k], 1, 1});
    weights.heads.back().tensor.abs_();
  }
  return weights;
}

AnomalyDetector detector_of(const ModelFile& file, const std::string& backend, const std::string& latent = "mean",
                            int samples = 0, int streams = 0) {
  DetectionOptions options;
  options.backend = backend;
  options.latent = latent;
  options.samples = samples;
  options.streams = streams;
  return AnomalyDetector(file, "m.pt", options, at::kCPU, 7);
}

void expect_near(double value, double expected, double tolerance, const char* what) {
  EXPECT_NEAR(value, expected, tolerance * std::abs(expected)) << what;
}

void expect_same_results(const ModelFile& file, const std::string& backend, const std::string& latent) {
  const at::Tensor images = noise_images(2, file.model->options());
  const auto exact = detector_of(file, "torch", latent, 3).detect(images);
  const auto fast = detector_of(file, backend, latent, 3).detect(images);
  const double tolerance = score_tolerance(backend);
  for (std::size_t k = 0; k < exact.size(); ++k) {
    EXPECT_LT((fast[k].reconstruction - exact[k].reconstruction).abs().max().item<double>(), 1e-4) << latent;
    expect_near(fast[k].score, exact[k].score, tolerance, "score");
    expect_near(fast[k].score_maximum, exact[k].score_maximum, 10 * kScoreTolerance, "maximum");
    expect_near(fast[k].reconstruction_mae, exact[k].reconstruction_mae, 1e-4, "mae");
    expect_near(fast[k].perceptual_distance, exact[k].perceptual_distance, 1e-4, "distance");
    expect_near(*fast[k].score_mean, *exact[k].score_mean, tolerance, "mean of samples");
    expect_near(fast[k].perceptual.mean().item<double>(), exact[k].perceptual.mean().item<double>(), tolerance,
                "smoothed distances");
    EXPECT_EQ(fast[k].map.sizes(), exact[k].map.sizes());
  }
}

class FastBackend : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("openvino") && !has_openvino()) GTEST_SKIP() << "built without OpenVINO";
    ::setenv("RA_CACHE_DIR", folder_.path().c_str(), 1);
  }
  void TearDown() override { ::unsetenv("RA_CACHE_DIR"); }

  testing::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(All, FastBackend, ::testing::Values("openvino", "native"));

TEST_P(FastBackend, ScoresAsTheExactOneByEveryLatentRule) {
  for (const char* latent : {"mean", "sample", "average:3", "average:11"}) {
    expect_same_results(model_of(testing::small_shape()), GetParam(), latent);
  }
}

TEST_P(FastBackend, ScoresColourAsTheExactOne) { expect_same_results(model_of(colour_shape()), GetParam(), "sample"); }

TEST_P(FastBackend, ScoresWithEveryKindOfSkipPathAsTheExactOne) {
  expect_same_results(model_of(expanding_shape()), GetParam(), "mean");
}

TEST_P(FastBackend, ScoresByLpipsAsTheExactOne) {
  for (const ModelOptions& shape : {testing::small_shape(), colour_shape()}) {
    ModelFile file = model_of(shape);
    file.perceptual = "squeezenet";
    file.squeezenet = squeezenet_weights();
    expect_same_results(file, GetParam(), "mean");
  }
}

TEST_P(FastBackend, NamesItself) {
  const AnomalyDetector detector = detector_of(model_of(testing::small_shape()), GetParam());
  EXPECT_EQ(detector.identity().backend, GetParam());
  EXPECT_EQ(detector.identity().precision, "fp32");
  EXPECT_NO_THROW(detector.check_against_exact());
}

TEST_P(FastBackend, GivesTheSameScoreWhateverTheThreads) {
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(6, file.model->options());
  const auto alone = detector_of(file, GetParam()).detect(images);
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  const AnomalyDetector all_on_one = detector_of(file, GetParam(), "mean", 0, 1);
  const AnomalyDetector one_each = detector_of(file, GetParam(), "mean", 0, 3);
  at::set_num_threads(before);
  std::vector<double> scores(6, 0.0);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    threads.emplace_back([&, k] {
      const auto at = static_cast<std::int64_t>(k);
      scores[k] = one_each.detect(images.slice(0, at, at + 1))[0].score;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const auto at = static_cast<std::int64_t>(k);
    EXPECT_EQ(scores[k], alone[k].score);
    EXPECT_EQ(all_on_one.detect(images.slice(0, at, at + 1))[0].score, alone[k].score);
  }
}

class OpenvinoBackend : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_openvino()) GTEST_SKIP() << "built without OpenVINO";
    ::setenv("RA_CACHE_DIR", folder_.path().c_str(), 1);
  }
  void TearDown() override { ::unsetenv("RA_CACHE_DIR"); }

  testing::TemporaryFolder folder_;
};

TEST_F(OpenvinoBackend, RefusesWhatItCannotDo) {
  const ModelFile file = model_of(testing::small_shape());
  testing::expect_error(ErrorCode::kUnsupported, {"64", "100", "--backend torch"},
                        [&] { detector_of(file, "openvino", "average:100"); });
  if (has_bf16_units()) return;
  DetectionOptions options;
  options.backend = "openvino";
  options.precision = "bf16";
  testing::expect_error(ErrorCode::kUnsupported, {"bf16", "--precision fp32"},
                        [&] { AnomalyDetector(file, "m.pt", options, at::kCPU, 7); });
}

TEST_F(OpenvinoBackend, ComputesInBf16WhereTheProcessorDoes) {
  if (!has_bf16_units()) GTEST_SKIP() << "no AVX512-BF16 and no AMX";
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  DetectionOptions options;
  options.backend = "openvino";
  options.precision = "bf16";
  options.latent = "mean";
  const AnomalyDetector detector(file, "m.pt", options, at::kCPU, 7);
  const AnomalyResult exact = detector_of(file, "torch").detect(images)[0], got = detector.detect(images)[0];
  EXPECT_EQ(detector.identity().precision, "bf16");
  EXPECT_LT((got.reconstruction - exact.reconstruction).abs().max().item<double>(), 0.01);
}

TEST_F(OpenvinoBackend, KeepsCompiledGraphsAndSurvivesDamagedOnes) {
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  const double first = detector_of(file, "openvino").detect(images)[0].score;
  const auto kept = [this] {
    std::map<fs::path, ino_t> files;  // a file that is written anew is another one
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      struct stat facts{};
      ::stat(entry.path().c_str(), &facts);
      files[entry.path()] = facts.st_ino;
    }
    return files;
  };
  const auto whole = kept();
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_EQ(detector_of(file, "openvino").detect(images)[0].score, first);
  EXPECT_EQ(kept(), whole);
  for (const auto& [path, node] : whole) fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_EQ(detector_of(file, "openvino").detect(images)[0].score, first);
  const auto again = kept();
  for (const auto& [path, node] : whole) EXPECT_NE(again.at(path), node);
}

TEST_F(OpenvinoBackend, CompilesAnewWhatWasKeptButIsNoGraph) {
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  const double first = detector_of(file, "openvino").detect(images)[0].score;
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    std::string content(fs::file_size(entry.path()), '\0');
    std::ifstream(entry.path(), std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    std::fill(content.begin(), content.end() - 64, 'x');  // its key, behind, stays
    std::ofstream(entry.path(), std::ios::binary) << content;
  }
  EXPECT_EQ(detector_of(file, "openvino").detect(images)[0].score, first);
}

TEST_F(OpenvinoBackend, SharesItsCacheWithOthersAtTheSameTime) {
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  std::vector<double> scores(4);
  std::vector<std::thread> threads;
  for (double& score : scores) {
    threads.emplace_back([&] { score = detector_of(file, "openvino").detect(images)[0].score; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(scores, std::vector<double>(4, scores[0]));
}

TEST_F(OpenvinoBackend, IsCheckedAgainstTheExactOneOfAnEarlierRun) {
  const ModelFile file = model_of(testing::small_shape());
  const AnomalyDetector detector = detector_of(file, "openvino");
  EXPECT_NO_THROW(detector.check_against_exact());
  const auto files = [this] { return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()); };
  EXPECT_EQ(files(), 3);
  EXPECT_NO_THROW(detector_of(file, "openvino").check_against_exact());
  EXPECT_EQ(files(), 3);
}

TEST_F(OpenvinoBackend, KeepsModelsWithOtherWeightsApart) {
  ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  const double first = detector_of(file, "openvino").detect(images)[0].score;
  const at::NoGradGuard no_grad;
  find_tensor(file.model->state(), "decoder.main.predict.bias").add_(0.5);
  EXPECT_NE(detector_of(file, "openvino").detect(images)[0].score, first);
}

TEST_F(OpenvinoBackend, GoesOnWithoutACacheThatCannotBeWritten) {
  const fs::path file_in_the_way = folder_.path() / "file";
  std::ofstream(file_in_the_way) << "x";
  ::setenv("RA_CACHE_DIR", file_in_the_way.c_str(), 1);
  EXPECT_NO_THROW(detector_of(model_of(testing::small_shape()), "openvino"));
}

TEST(NativeBackend, RefusesAnotherPrecision) {
  DetectionOptions options;
  options.backend = "native";
  options.precision = "bf16";
  testing::expect_error(ErrorCode::kUnsupported, {"fp32", "--backend openvino or torch"},
                        [&] { AnomalyDetector(model_of(testing::small_shape()), "m.pt", options, at::kCPU, 7); });
}

TEST(TorchBackend, RebuildsNearlyTheSameInBf16) {
  const ModelFile file = model_of(testing::small_shape());
  const at::Tensor images = noise_images(1, file.model->options());
  DetectionOptions options;
  options.precision = "bf16";
  options.latent = "average:3";
  options.samples = 2;
  const AnomalyDetector rough(file, "m.pt", options, at::kCPU, 7);
  const AnomalyResult exact = detector_of(file, "torch", "average:3", 2).detect(images)[0],
                      got = rough.detect(images)[0];
  EXPECT_EQ(rough.identity().precision, "bf16");
  const double apart = (got.reconstruction - exact.reconstruction).abs().max().item<double>();
  EXPECT_GT(apart, 0.0);
  EXPECT_LT(apart, 0.01);
  EXPECT_GT(*got.score_sd, 0.0);
}

TEST(OpenvinoMissing, IsAnErrorThatNamesTheRemedy) {
  if (has_openvino()) GTEST_SKIP() << "built with OpenVINO";
  testing::expect_error(ErrorCode::kUnsupported, {"--backend torch", "scripts/setup"},
                        [] { detector_of(model_of(testing::small_shape()), "openvino"); });
}

}  // namespace
}  // namespace ra

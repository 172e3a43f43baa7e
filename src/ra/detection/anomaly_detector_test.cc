#include "ra/detection/anomaly_detector.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/model/section_text.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using testing::small_model_file;

// With all that our trainer stores and the reference's does not.
ModelFile trained_model_file() {
  ModelFile file = small_model_file();
  file.input.scaling = InputScaling::kReference;
  file.latent_rule = LatentRule::parse("average:3");
  file.latent_noise = latent_noise(*file.latent_rule, 8, 99);
  return file;
}

at::Tensor noise_images(std::int64_t count) {
  at::Tensor images = at::empty({count, 1, 32, 32});
  CounterRandom random(5, 0, 0, Purpose::kBrainImaging);
  for (std::int64_t k = 0; k < images.numel(); ++k) {
    images.data_ptr<float>()[k] = static_cast<float>(random.uniform());
  }
  return images;
}

AnomalyDetector detector_with(const DetectionOptions& options, std::uint64_t seed = 7) {
  return AnomalyDetector(small_model_file(), "small.pt", options, at::kCPU, seed);
}

TEST(AnomalyDetector, NamesWhatItsNumbersDependOn) {
  const AnomalyDetector detector = detector_with({});
  EXPECT_EQ(detector.identity().perceptual, "encoder");
  EXPECT_EQ(detector.identity().latent, "average:8");
  EXPECT_EQ(detector.identity().backend, "torch");
}

TEST(AnomalyDetector, GivesTheSameScoreInAnyBatchAndAgain) {
  const at::Tensor images = noise_images(3);
  const AnomalyDetector detector = detector_with({});
  const auto together = detector.detect(images);
  const auto again = detector_with({}).detect(images);
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto at = static_cast<std::size_t>(k);
    EXPECT_EQ(detector.detect(images.slice(0, k, k + 1))[0].score, together[at].score);
    EXPECT_EQ(together[at].score, again[at].score);
  }
}

// What a GPU does; here by the CPU.
TEST(AnomalyDetector, ComputesSeveralTogetherWithoutOneMattersToAnother) {
  DetectionOptions options;
  options.samples = 3;
  const at::Tensor images = noise_images(6);
  const std::vector<AnomalyResult> alone = detector_with(options).detect(images);
  options.batch = 4;
  const AnomalyDetector detector = detector_with(options);
  EXPECT_EQ(detector.batch(), 4);
  const std::vector<AnomalyResult> together = detector.detect(images);
  ASSERT_EQ(together.size(), 6u);
  for (std::int64_t k = 0; k < 6; ++k) {
    const auto at = static_cast<std::size_t>(k);
    // CLAHE turns a rounding into a step of one of its levels.
    EXPECT_NEAR(together[at].score, alone[at].score, 5e-3 * alone[at].score);
    EXPECT_NEAR(together[at].score_maximum, alone[at].score_maximum, 5e-2 * alone[at].score_maximum);
    EXPECT_NEAR(together[at].reconstruction_mae, alone[at].reconstruction_mae, 1e-5);
    EXPECT_NEAR(together[at].perceptual_distance, alone[at].perceptual_distance, 1e-5);
    EXPECT_NEAR(*together[at].score_mean, *alone[at].score_mean, 5e-3 * *alone[at].score_mean);
    EXPECT_TRUE(at::allclose(together[at].reconstruction, alone[at].reconstruction, 0, 1e-5));
    EXPECT_EQ(together[at].map.sizes(), alone[at].map.sizes());
    EXPECT_EQ(together[at].perceptual.sizes(), alone[at].perceptual.sizes());
    // In other company.
    const AnomalyResult other = detector.detect(images.narrow(0, k, 1)).front();
    EXPECT_EQ(other.score, together[at].score);
    EXPECT_TRUE(at::equal(other.map, together[at].map));
  }
}

TEST(AnomalyDetector, UsesTheModelsOwnLatentRuleAndNoise) {
  ModelFile file = small_model_file();
  file.latent_rule = LatentRule::parse("sample");
  file.latent_noise = at::zeros({1, 8});
  const AnomalyDetector zero_noise(std::move(file), "small.pt", {}, at::kCPU, 7);
  DetectionOptions by_mean;
  by_mean.latent = "mean";
  const at::Tensor images = noise_images(1);
  EXPECT_EQ(zero_noise.identity().latent, "sample");
  EXPECT_EQ(zero_noise.detect(images)[0].score, detector_with(by_mean).detect(images)[0].score);
}

TEST(AnomalyDetector, SaysWhereTheNoiseOfItsRuleIsFrom) {
  EXPECT_EQ(detector_with({}, 7).identity().latent_noise, "seed 7");
  const ModelFile file = trained_model_file();
  EXPECT_EQ(AnomalyDetector(file, "small.pt", {}, at::kCPU, 7).identity().latent_noise, "model");
  DetectionOptions options;
  options.latent = "mean";
  EXPECT_EQ(AnomalyDetector(file, "small.pt", options, at::kCPU, 7).identity().latent_noise, "none");
  options.latent = "average:4";  // the noise that the file stores is for another rule
  EXPECT_EQ(AnomalyDetector(file, "small.pt", options, at::kCPU, 7).identity().latent_noise, "seed 7");
}

TEST(AnomalyDetector, ReportsASpreadOnlyWhenAsked) {
  DetectionOptions options;
  EXPECT_FALSE(detector_with(options).detect(noise_images(1))[0].score_sd.has_value());
  options.samples = 4;
  const auto result = detector_with(options).detect(noise_images(2))[1];
  EXPECT_GT(result.score_sd.value(), 0.0);
  EXPECT_GT(result.score_mean.value(), 0.0);
}

TEST(AnomalyDetector, ReadsWhatAModelFileStores) {
  const testing::TemporaryFolder folder;
  const ModelFile file = trained_model_file();
  CheckpointValue::Dict root;
  root.emplace_back(CheckpointValue{std::string("model_weights")}, to_checkpoint_value(file.model->state()));
  root.emplace_back(CheckpointValue{std::string("ra")}, to_checkpoint_value(file));
  write_torch_checkpoint(folder.path() / "m.pt", {root});
  const ModelFile back = read_model_file(folder.path() / "m.pt");
  EXPECT_EQ(back.input.scaling, InputScaling::kReference);
  EXPECT_EQ(back.latent_rule->text(), "average:3");
  EXPECT_TRUE(at::equal(back.latent_noise, file.latent_noise));
}

TEST(AnomalyDetector, ReadsTheSameFromASafetensorsFile) {
  const testing::TemporaryFolder folder;
  const ModelFile file = trained_model_file();
  write_safetensors(folder.path() / "m.safetensors", file.model->state(),
                    {{"ra", section_to_text(to_checkpoint_value(file))}});
  const ModelFile back = read_model_file(folder.path() / "m.safetensors");
  EXPECT_EQ(back.input.scaling, InputScaling::kReference);
  EXPECT_EQ(back.latent_rule->text(), "average:3");
  EXPECT_TRUE(at::equal(back.latent_noise, file.latent_noise));
  write_safetensors(folder.path() / "broken.safetensors", file.model->state(), {{"ra", "{"}});
  EXPECT_THROW(read_model_file(folder.path() / "broken.safetensors"), Error);
}

TEST(AnomalyDetector, RefusesAModelThatDiverged) {
  const testing::TemporaryFolder folder;
  const ModelFile file = small_model_file();
  at::Tensor(file.model->state()[0].tensor).fill_(NAN);
  CheckpointValue::Dict root;
  root.emplace_back(CheckpointValue{std::string("model_weights")}, to_checkpoint_value(file.model->state()));
  write_torch_checkpoint(folder.path() / "m.pt", {root});
  EXPECT_THROW(read_model_file(folder.path() / "m.pt"), Error);
}

TEST(DetectionOptions, NamesTheFieldThatIsWrong) {
  DetectionOptions options;
  options.perceptual = "squeezenet";
  try {
    options.validate();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("perceptual_weights"), std::string::npos);
  }
}

}  // namespace
}  // namespace ra

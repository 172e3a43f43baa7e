#include "ra/detection/bundle.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/random.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/detection/calibrator.h"
#include "ra/model/stored_zip_writer.h"
#include "ra/model/zip_records.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

ModelFile small_model() {
  ModelFile file = testing::small_model_file();
  file.input.scaling = InputScaling::kReference;
  file.subjects = SeenSubjects{{"0123456789abcdef"}, {"fedcba9876543210"}, true};
  return file;
}

AnomalyDetector detector_on(const std::string& backend, const std::string& precision = "fp32") {
  DetectionOptions options;
  options.latent = "average:3";
  options.backend = backend;
  options.precision = precision;
  return AnomalyDetector(small_model(), "small.pt 123", options, at::kCPU, 7);
}

Calibration calibration_of(const AnomalyDetector& detector, std::vector<double> healthy_scores) {
  Calibration calibration{detector.identity(),
                          "mid",
                          HealthyScores(std::move(healthy_scores)),
                          HealthyScores({1.0, 2.0}),
                          {{5.0, 0.2, 4.9}},
                          {{5.0, 0.3, 4.9}},
                          {"site", 2, {"aa"}, true},
                          {},
                          false,
                          at::rand({32, 32}),
                          at::rand({32, 32}) + 1.0};
  return with_canary(std::move(calibration), detector, 99);
}

Bundle small_bundle() {
  const AnomalyDetector detector = detector_on("torch");
  Bundle bundle = bundle_of(small_model(), detector, {calibration_of(detector, {0.25, 0.5})});
  bundle.licence = "CC BY 4.0";
  return bundle;
}

class BundleFile : public ::testing::Test {
 protected:
  // The bundle with `change` applied to its entries, rewritten as a zip.
  fs::path changed(const std::function<void(std::vector<std::pair<std::string, std::string>>&)>& change) {
    const std::vector<std::byte> archive = read_file(path_);
    std::vector<std::pair<std::string, std::string>> entries;
    for (const ZipRecord& record : read_stored_zip(archive)) {
      entries.emplace_back(record.name,
                           std::string(reinterpret_cast<const char*>(record.bytes.data()), record.bytes.size()));
    }
    change(entries);
    const fs::path other = folder_.path() / "other.ra";
    AtomicFile file(other);
    StoredZipWriter writer(file);
    for (const auto& [name, text] : entries) writer.add(name, std::as_bytes(std::span(text.data(), text.size())));
    writer.finish();
    file.commit();
    return other;
  }

  void SetUp() override { write_bundle(path_, small_bundle()); }

  testing::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "m.ra";
};

void replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

TEST_F(BundleFile, ComesBackWhole) {
  const Bundle before = small_bundle(), after = read_bundle(path_);
  EXPECT_TRUE(is_bundle(path_));
  EXPECT_EQ(after.model.input.scaling, InputScaling::kReference);
  EXPECT_EQ(after.model.latent_rule->text(), "average:3");
  EXPECT_TRUE(at::equal(after.model.latent_noise, before.model.latent_noise));
  EXPECT_EQ(after.model.subjects->training, before.model.subjects->training);
  EXPECT_TRUE(after.model.subjects->overlap_allowed);
  EXPECT_EQ(after.model.perceptual, "encoder");
  EXPECT_EQ(after.licence, "CC BY 4.0");
  EXPECT_EQ(after.calibrations[0].canary.score, before.calibrations[0].canary.score);
  EXPECT_EQ(after.calibrations[0].scores.sorted().size(), 2u);
  EXPECT_TRUE(after.calibrations[0].map_mean.defined());
  const StateDict weights = after.model.model->state(), original = before.model.model->state();
  ASSERT_EQ(weights.size(), original.size());
  for (std::size_t k = 0; k < weights.size(); ++k) EXPECT_TRUE(at::equal(weights[k].tensor, original[k].tensor));
}

// What format 1 wrote: one calibration, and its canary in the manifest.
TEST_F(BundleFile, ReadsTheFormatBeforeThereWereSeveralCalibrations) {
  const fs::path old = changed([](auto& entries) {
    auto manifest = nlohmann::json::parse(entries[0].second);
    nlohmann::json calibration = nlohmann::json::parse(entries[3].second).at(0);
    manifest["format"] = 1;
    manifest["canary"] = calibration.at("canary");
    calibration.erase("canary");
    entries[3].second = calibration.dump(1);
    const std::string& text = entries[3].second;
    manifest["files"]["calibration.json"] = sha256_hex(std::as_bytes(std::span(text.data(), text.size())));
    entries[0].second = manifest.dump(1);
  });
  const Bundle before = small_bundle(), after = read_bundle(old);
  ASSERT_EQ(after.calibrations.size(), 1u);
  EXPECT_EQ(after.calibrations[0].canary.score, before.calibrations[0].canary.score);
  EXPECT_TRUE(after.calibrations[0].map_mean.defined());
  EXPECT_TRUE(AnomalyDetector::load(old, {}, at::kCPU, 1).detect(at::rand({1, 1, 32, 32}))[0].p_value.has_value());
}

TEST_F(BundleFile, RunsOnTheCalibrationThatIsAskedForElseOnTheFirst) {
  const std::string other = has_openvino() ? "openvino" : "torch", precision = has_openvino() ? "fp32" : "bf16";
  const AnomalyDetector exact = detector_on("torch"), fast = detector_on(other, precision);
  const Bundle bundle =
      bundle_of(small_model(), exact, {calibration_of(exact, {1e9, 1e9, 1e9}), calibration_of(fast, {1e9})});
  write_bundle(path_, bundle);
  const Bundle read = read_bundle(path_);
  ASSERT_EQ(read.calibrations.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_TRUE(at::equal(read.calibrations[k].map_mean, bundle.calibrations[k].map_mean));
  }
  const at::Tensor image = canary_image(3, small_model().input);
  const AnomalyDetector first = AnomalyDetector::load(path_, {}, at::kCPU, 1);
  EXPECT_EQ(first.identity().backend, "torch");
  EXPECT_EQ(first.detect(image)[0].p_value, 1.0);
  EXPECT_EQ(first.calibration()->scores.sorted().size(), 3u);
  DetectionOptions options;
  options.backend = other;
  options.precision = has_openvino() ? "" : precision;
  const AnomalyDetector second = AnomalyDetector::load(path_, options, at::kCPU, 1);
  EXPECT_EQ(second.identity().backend, other);
  EXPECT_EQ(second.identity().precision, precision);
  EXPECT_EQ(second.calibration()->scores.sorted().size(), 1u);
  EXPECT_TRUE(second.detect(image)[0].p_value.has_value());
}

TEST_F(BundleFile, RefusesACalibrationOfAnEngineThatIsNotThere) {
  Bundle bundle = small_bundle();
  bundle.calibrations[0].detector.backend = "abacus";
  testing::expect_error(ErrorCode::kBadInput, {"abacus"}, [&] { write_bundle(path_, bundle); });
}

TEST_F(BundleFile, MakesADetectorWithItsOwnSettingsAndPValues) {
  const AnomalyDetector detector = AnomalyDetector::load(path_, {}, at::kCPU, 1234);
  EXPECT_EQ(detector.identity().latent, "average:3");
  const AnomalyResult result = detector.detect(canary_image(99, detector.input()))[0];
  EXPECT_NEAR(result.score, small_bundle().calibrations[0].canary.score, 1e-5 * result.score);
  EXPECT_EQ(result.p_value, detector.calibration()->scores.p_value(result.score));
  EXPECT_TRUE(detector.training_subjects().has_value());
}

TEST_F(BundleFile, GivesNoPValuesUnderOtherSettings) {
  DetectionOptions options;
  options.latent = "mean";
  const AnomalyDetector detector = AnomalyDetector::load(path_, options, at::kCPU, 1);
  EXPECT_FALSE(detector.detect(canary_image(1, detector.input()))[0].p_value.has_value());
  EXPECT_NE(detector.calibration()->differences(detector.identity()), "");
}

TEST_F(BundleFile, RefusesACanaryThatScoresOtherwise) {
  Bundle bundle = small_bundle();
  bundle.calibrations[0].canary.score *= 1.001;
  write_bundle(path_, bundle);
  testing::expect_error(ErrorCode::kBadInput, {"m.ra", "canary"},
                        [&] { AnomalyDetector::load(path_, {}, at::kCPU, 1); });
}

TEST_F(BundleFile, RefusesAnotherVersionAChangedEntryAndOneTooMany) {
  const auto refuses = [&](std::initializer_list<std::string_view> parts, auto change) {
    const fs::path other = changed(change);
    testing::expect_error(ErrorCode::kBadInput, parts, [&] { read_bundle(other); });
  };
  refuses({"format version is 3"}, [](auto& entries) { replace(entries[0].second, "\"format\": 2", "\"format\": 3"); });
  refuses({"hash", "calibration.json"}, [](auto& entries) { replace(entries[3].second, "\"site\"", "\"sitf\""); });
  refuses({"weights.safetensors"}, [](auto& entries) { entries.erase(entries.begin() + 1); });
  refuses({"extra.bin"}, [](auto& entries) { entries.emplace_back("extra.bin", "x"); });
  refuses({"manifest"}, [](auto& entries) { entries[0].second = "{"; });
  refuses({"manifest"}, [](auto& entries) { entries[0].second = "{\"format\": 1}"; });
}

TEST_F(BundleFile, RefusesATruncatedFileWhereverItEnds) {
  const std::string whole = read_text_file(path_);
  for (const std::size_t share : {10u, 50u, 99u}) {
    const fs::path cut = folder_.path() / "cut.ra";
    write_file(cut, std::string_view(whole).substr(0, whole.size() * share / 100));
    try {
      AnomalyDetector::load(cut, {}, at::kCPU, 1);
      FAIL() << share;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

// Bytes may come out changed from any disk: a reader may refuse them or read what is still whole, nothing else.
TEST_F(BundleFile, SurvivesChangedBytesAndCutsAnywhere) {
  const std::string whole = read_text_file(path_);
  const fs::path damaged = folder_.path() / "damaged.ra";
  CounterRandom random(11, 0, 0, Purpose::kLesion);
  int refused = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::string bytes = whole;
    // Weights are most of the file: every other trial hits the first or the last kilobytes, where the structure is.
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const auto place = [&]() -> std::size_t {
      const std::uint32_t part = std::min(size, 8192u);
      return trial % 2 == 0       ? random.below(size)
             : random.chance(0.5) ? random.below(part)
                                  : size - 1 - random.below(part);
    };
    if (trial % 10 == 9) bytes.resize(place());
    for (std::uint32_t flips = 1 + random.below(3); flips > 0 && !bytes.empty(); --flips) {
      bytes[std::min(place(), bytes.size() - 1)] ^= static_cast<char>(1 + random.below(255));
    }
    std::ofstream(damaged, std::ios::binary) << bytes;
    try {
      read_bundle(damaged);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << trial << ": " << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << trial;
    }
  }
  EXPECT_GT(refused, kTrials * 99 / 100) << "hashes cover every entry";
}

// The manifest is covered by no hash of its own.
TEST_F(BundleFile, SurvivesAManifestWithChangedBytes) {
  CounterRandom random(12, 0, 0, Purpose::kLesion);
  for (int trial = 0; trial < 200; ++trial) {
    const fs::path other = changed([&](auto& entries) {
      std::string& manifest = entries[0].second;
      manifest[random.below(static_cast<std::uint32_t>(manifest.size()))] = static_cast<char>(random.below(256));
    });
    try {
      read_bundle(other);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << trial << ": " << error.what();
    }
  }
}

TEST(CanaryImage, DependsOnTheSeedAlone) {
  InputOptions input;
  input.image_size = 32;
  EXPECT_TRUE(at::equal(canary_image(1, input), canary_image(1, input)));
  EXPECT_FALSE(at::equal(canary_image(1, input), canary_image(2, input)));
  EXPECT_LE(canary_image(1, input).max().item<float>(), 1.0f);
}

}  // namespace
}  // namespace ra

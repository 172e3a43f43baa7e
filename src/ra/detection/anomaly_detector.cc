#include "ra/detection/anomaly_detector.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/random.h"
#include "ra/detection/anomaly_map.h"
#include "ra/detection/bundle.h"
#include "ra/transforms/gaussian.h"

namespace ra {
namespace {

std::unique_ptr<PerceptualDistance> make_perceptual(const DetectionOptions& options,
                                                    const std::optional<SqueezenetWeights>& stored,
                                                    std::shared_ptr<const ReversedAutoencoder> model,
                                                    at::Device device) {
  if (options.perceptual == "encoder") return make_encoder_distance(std::move(model));
  if (!options.perceptual_weights.empty() || !stored) return load_squeezenet_lpips(options.perceptual_weights, device);
  return std::make_unique<SqueezenetLpips>(stored->backbone, stored->heads, device);
}

// The options with the perceptual distance settled.
DetectionOptions settled(DetectionOptions options, const std::string& of_model) {
  options.validate();
  if (options.perceptual.empty()) options.perceptual = of_model.empty() ? "encoder" : of_model;
  return options;
}

constexpr double kCanaryTolerance = 1e-4;

// Whether this machine and program make of the bundle's canary what those that wrote it made.
void check_canary(const AnomalyDetector& detector, const Canary& canary, const std::filesystem::path& path) {
  const double score = detector.detect(canary_image(canary.seed, detector.input()))[0].score;
  if (std::abs(score - canary.score) <= kCanaryTolerance * std::abs(canary.score)) return;
  throw Error(ErrorCode::kBadInput,
              fmt::format("bundle '{}': its canary scores {:.9g} here and must score {:.9g}; another machine or program "
                          "version computes other numbers, so its calibration does not hold: calibrate again",
                          path.string(), score, canary.score));
}

// Noise for one stochastic reconstruction: [Z]. Every image gets the same, as the latent rule does.
at::Tensor noise_of_sample(int latent_size, std::uint64_t seed, int sample) {
  at::Tensor noise = at::empty({latent_size});
  fill_normal({noise.data_ptr<float>(), static_cast<std::size_t>(latent_size)},
              CounterRandom(seed, 1, static_cast<std::uint32_t>(sample), Purpose::kLatentNoise));
  return noise;
}

}  // namespace

void DetectionOptions::validate() const {
  const auto require = [](bool fine, const std::string& message) {
    if (!fine) throw Error(ErrorCode::kUsage, "detection." + message);
  };
  if (!latent.empty()) LatentRule::parse(latent);
  require(perceptual.empty() || perceptual == "encoder" || perceptual == "squeezenet",
          fmt::format("perceptual is '{}', it must be encoder or squeezenet", perceptual));
  require(perceptual != "squeezenet" || !perceptual_weights.empty(),
          "perceptual is squeezenet, so perceptual_weights must name the folder of squeeze.backbone.pth and "
          "squeeze.pth (--perceptual-weights DIR)");
  require(backend.empty() || backend == "torch" || backend == "openvino",
          fmt::format("backend is '{}', it must be torch or openvino", backend));
  require(precision.empty() || precision == "fp32" || precision == "bf16",
          fmt::format("precision is '{}', it must be fp32 or bf16", precision));
  require(samples == 0 || (samples >= 2 && samples <= 10000),
          fmt::format("samples is {}, it must be 0 or 2 to 10000", samples));
}

AnomalyDetector AnomalyDetector::load(const std::filesystem::path& model_path, const DetectionOptions& options,
                                      at::Device device, std::uint64_t seed) {
  if (!std::filesystem::exists(model_path)) {
    throw Error(ErrorCode::kUsage, fmt::format("there is no model file '{}' (--model)", model_path.string()));
  }
  const std::string name =
      model_path.filename().string() + " " + sha256_hex_of_file(model_path).substr(0, 12);
  if (is_bundle(model_path)) return load_bundle(model_path, name, options, device, seed);
  return AnomalyDetector(read_model_file(model_path), name, options, device, seed);
}

AnomalyDetector AnomalyDetector::load_bundle(const std::filesystem::path& path, const std::string& name,
                                             DetectionOptions options, at::Device device, std::uint64_t seed) {
  Bundle bundle = read_bundle(path);
  const bool own_weights = bundle.model.squeezenet && options.perceptual_weights.empty();
  if (options.perceptual == bundle.model.perceptual && own_weights) options.perceptual.clear();
  AnomalyDetector detector(std::move(bundle.model), name, options, device, seed);
  detector.calibration_ = std::make_shared<const Calibration>(std::move(bundle.calibration));
  detector.calibrated_ = detector.calibration_->differences(detector.identity()).empty();
  if (detector.calibrated_) check_canary(detector, bundle.canary, path);
  return detector;
}

AnomalyDetector::AnomalyDetector(ModelFile file, std::string model_name, const DetectionOptions& options,
                                 at::Device device, std::uint64_t seed)
    : options_(settled(options, file.perceptual)),
      input_(file.input),
      rule_(options.latent.empty() ? file.latent_rule.value_or(LatentRule::fallback())
                                   : LatentRule::parse(options.latent)),
      device_(device),
      seed_(seed),
      subjects_(std::move(file.subjects)) {
  const ModelOptions& shape = file.model->options();
  if (shape.conditional) {
    throw Error(ErrorCode::kUnsupported, "this model is conditional: it cannot screen without a condition vector");
  }
  file.model->to(at::kFloat, device);
  model_ = std::move(file.model);
  const bool stored = file.latent_rule && file.latent_rule->text() == rule_.text() && file.latent_noise.defined();
  noise_ = stored ? file.latent_noise : latent_noise(rule_, shape.latent_size, seed);
  for (int k = 0; k < options_.samples; ++k) {
    const at::Tensor one = noise_of_sample(shape.latent_size, seed, k).unsqueeze(0);
    sample_noise_ = sample_noise_.defined() ? at::cat({sample_noise_, one}) : one;
  }
  perceptual_ = make_perceptual(options_, file.squeezenet, model_, device);
  map_maximum_ = default_map_maximum(*perceptual_);
  const std::string drawn = stored ? "model" : fmt::format("seed {}", seed);
  identity_ = {perceptual_->name(), "torch", "fp32", std::move(model_name), rule_.text(),
               rule_.uses_noise() ? drawn : "none"};
}

// Note [One slice at a time]: convolutions choose their kernels by the batch's size, their rounding differs, and CLAHE
// turns a rounding into a step of one of its levels: the same slice scored up to 1e-3 apart in batches of another size.
// Each slice is therefore computed by itself, and its score does not depend on its company; docs/performance.md has
// what that costs.
std::vector<AnomalyResult> AnomalyDetector::detect(const at::Tensor& slices) const {
  const at::NoGradGuard no_grad;
  std::vector<AnomalyResult> results;
  for (std::int64_t k = 0; k < slices.size(0); ++k) results.push_back(detect_one(slices.slice(0, k, k + 1)));
  return results;
}

AnomalyResult AnomalyDetector::detect_one(const at::Tensor& slice) const {
  const at::Tensor x = slice.to(device_, at::kFloat);
  const at::Tensor reconstruction = reconstruct(*model_, x, rule_, noise_);
  const AnomalyStages stages = anomaly_stages(x, reconstruction, *perceptual_);
  AnomalyResult result;
  result.score = stages.scores.item<double>();
  result.score_maximum = gaussian_filter(stages.map, kPerceptualSigma).max().item<double>();
  if (calibrated_) result.p_value = calibration_->scores.p_value(result.score);
  result.reconstruction_mae = mean_absolute_errors(x, reconstruction).item<double>();
  result.perceptual_distance = stages.perceptual.to(at::kDouble).mean().item<double>();
  result.map = stages.map[0];
  result.perceptual =
      (stages.perceptual_smooth * stages.equalised_perceptual_smooth)[0][0].to(at::kCPU).contiguous();
  result.reconstruction = reconstruction[0].to(at::kCPU).contiguous();
  if (options_.samples > 0) add_spread(x, result);
  return result;
}

at::Tensor AnomalyDetector::latents(const at::Tensor& slices) const {
  const at::NoGradGuard no_grad;
  const at::Tensor x = slices.to(device_, at::kFloat);
  return model_->encoder().forward(x, BatchNormMode::kFrozen).mean.to(at::kCPU).contiguous();
}

void AnomalyDetector::add_spread(const at::Tensor& x, AnomalyResult& result) const {
  const Encoder::Output posterior = model_->encoder().forward(x, BatchNormMode::kFrozen);
  std::vector<at::Tensor> scores;
  for (int k = 0; k < options_.samples; ++k) {
    const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, sample_noise_[k].to(x.device()));
    const at::Tensor decoded = model_->decoder().forward(z, BatchNormMode::kFrozen);
    scores.push_back(anomaly_stages(x, decoded, *perceptual_).scores);
  }
  const at::Tensor all = at::cat(scores);  // [samples]
  result.score_mean = all.mean().item<double>();
  result.score_sd = all.std().item<double>();
}

}  // namespace ra

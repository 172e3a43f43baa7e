#include "ra/detection/anomaly_detector.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <ostream>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/base/result_cache.h"
#include "ra/detection/anomaly_map.h"
#include "ra/detection/bundle.h"
#include "ra/detection/model_name.h"
#include "ra/detection/one_thread.h"
#include "ra/model/safetensors.h"
#include "ra/transforms/gaussian.h"

namespace ra {
namespace {

// LPIPS weights if the options ask for that distance: those that they name, else those of the model's file.
std::optional<SqueezenetWeights> squeezenet_of(const DetectionOptions& options,
                                               std::optional<SqueezenetWeights> stored) {
  if (options.perceptual == "encoder") return std::nullopt;
  if (!options.perceptual_weights.empty() || !stored) return read_squeezenet_weights(options.perceptual_weights);
  return stored;
}

// The options with all settled that a bundle did not settle.
DetectionOptions settled(DetectionOptions options, const std::string& of_model) {
  options.validate();
  if (options.perceptual.empty()) options.perceptual = of_model.empty() ? "encoder" : of_model;
  if (options.backend.empty()) options.backend = "torch";
  if (options.precision.empty()) options.precision = "fp32";
  return options;
}

std::unique_ptr<InferenceBackend> make_backend(const ScreeningModel& model, const DetectionOptions& options,
                                               at::Device device) {
  const Precision precision = precision_from_string(options.precision);
  if (options.backend == "torch") {
    if (options.streams > 0) {
      throw Error(ErrorCode::kUsage,
                  "streams (--streams) has no effect with the backend torch, which computes a slice by one thread");
    }
    return make_torch_backend(model, device, precision);
  }
  if (!device.is_cpu()) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("the backend {} computes on the CPU: give --device cpu, or --backend torch", options.backend));
  }
  const int all = at::get_num_threads();
  const OpenvinoThreads threads{all, options.streams > 0 ? options.streams : all};
  // As when it screens; and other threads that wait for work would keep the processors from the exact one.
  const OneThread one_thread;
  if (options.backend == "native") return make_native_backend(model, precision, threads);
  return make_openvino_backend(model, precision, threads);
}

constexpr std::int64_t kBatchOfGpu = 32;

std::int64_t batch_of(const DetectionOptions& options, at::Device device) {
  if (options.backend != "torch") return 1;
  return options.batch > 0 ? options.batch : device.is_cpu() ? 1 : kBatchOfGpu;
}

constexpr std::uint64_t kCanarySeed = 1;  // of what check_against_exact() compares

// As far as the options tell.
bool uses_openvino(const DetectionOptions& options) {
  return options.backend == "openvino" || (options.backend == "native" && !options.perceptual_weights.empty());
}

bool is_fp32(const DetectorIdentity& identity) { return identity.precision == "fp32"; }

// Note [Roundings]: engines add in different orders. In fp32 their reconstructions are then some 1e-6 apart, but CLAHE
// turns a rounding into a step of one of its levels: the largest differences over 52 real slices were 6e-6 of a
// reconstruction and 7.5e-4 of a score, with a rank correlation of 1.000000; over 10 canaries 1.1e-4 of a score.
// Winograd's convolutions round more: with the flat reconstructions of an untrained network, 5e-3 of a score. In bf16
// reconstructions were up to 0.05 apart, and scores 0.1 to 1.6 %; an untrained network, whose reconstructions are
// flat, has CLAHE amplify those to a quarter of the score. These limits find an engine that computes something else;
// how good bf16 is, is a matter of rank correlation and AUROC (docs/performance.md).
struct Agreement {
  double reconstruction;  // largest difference of a pixel
  double distance;        // of the mean perceptual distance, relative
  double score;           // relative
};

Agreement agreement_of(const DetectorIdentity& identity) {
  if (!is_fp32(identity)) return {0.2, 0.1, 0.5};
  return {1e-3, 1e-3, identity.backend == "native" ? 2e-2 : 5e-3};
}

// Whether this machine and program make of the bundle's canary what those that wrote it made.
void check_canary(const AnomalyDetector& detector, const std::filesystem::path& path) {
  const Canary& canary = detector.calibration()->canary;
  const double score = detector.detect(canary_image(canary.seed, detector.input()))[0].score;
  if (std::abs(score - canary.score) <= canary_tolerance(detector.identity()) * std::abs(canary.score)) return;
  throw Error(
      ErrorCode::kBadInput,
      fmt::format("bundle '{}': its canary scores {:.9g} here and must score {:.9g}; another machine or program "
                  "version computes other numbers, so its calibration does not hold: calibrate again",
                  path.string(), score, canary.score));
}

// The calibration of what the options ask for, which then ask for all of it; the first where there is none.
Calibration choose(std::vector<Calibration> calibrations, DetectionOptions& options) {
  const auto asked = [&](const Calibration& one) {
    return (options.backend.empty() || options.backend == one.detector.backend) &&
           (options.precision.empty() || options.precision == one.detector.precision);
  };
  const auto found = std::find_if(calibrations.begin(), calibrations.end(), asked);
  if (found == calibrations.end()) {
    if (options.backend.empty()) options.backend = calibrations.front().detector.backend;
    return std::move(calibrations.front());
  }
  options.backend = found->detector.backend;
  options.precision = found->detector.precision;
  return std::move(*found);
}

// Noise for one stochastic reconstruction: [Z]. Every image gets the same, as the latent rule does.
at::Tensor noise_of_sample(int latent_size, std::uint64_t seed, int sample) {
  at::Tensor noise = at::empty({latent_size});
  fill_normal({noise.data_ptr<float>(), static_cast<std::size_t>(latent_size)},
              CounterRandom(seed, 1, static_cast<std::uint32_t>(sample), Purpose::kLatentNoise));
  return noise;
}

}  // namespace

bool knows_engine(const std::string& backend, const std::string& precision) {
  if (backend == "native") return precision == "fp32";
  return (backend == "torch" || backend == "openvino") && (precision == "fp32" || precision == "bf16");
}

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
  require(knows_engine(backend.empty() ? "torch" : backend, "fp32"),
          fmt::format("backend is '{}', it must be torch, openvino or native", backend));
  require(knows_engine("torch", precision.empty() ? "fp32" : precision),
          fmt::format("precision is '{}', it must be fp32 or bf16", precision));
  require(samples == 0 || (samples >= 2 && samples <= 10000),
          fmt::format("samples is {}, it must be 0 or 2 to 10000", samples));
  require(streams >= 0, fmt::format("streams is {}, it must be 0 or more", streams));
  require(batch >= 0 && batch <= 4096, fmt::format("batch is {}, it must be from 0 to 4096", batch));
}

double canary_tolerance(const DetectorIdentity& identity) { return is_fp32(identity) ? 1e-4 : 2e-2; }

void DetectionOptions::use_fastest() {
  backend = "native";
  precision = "fp32";
}

AnomalyDetector AnomalyDetector::load(const std::filesystem::path& model_path, const DetectionOptions& options,
                                      at::Device device, std::uint64_t seed) {
  if (!std::filesystem::exists(model_path)) {
    throw Error(ErrorCode::kUsage, fmt::format("there is no model file '{}' (--model)", model_path.string()));
  }
  std::future<void> engine;
  if (uses_openvino(options)) engine = std::async(std::launch::async, load_openvino);
  const bool bundled = is_bundle(model_path);
  Bundle read = bundled ? read_bundle(model_path) : Bundle{read_model_file(model_path), {}, {}};
  const std::string name = model_path.filename().string() + " " + read.model.sha256.substr(0, 12);
  if (bundled) return of_bundle(std::move(read), model_path, name, options, device, seed);
  return AnomalyDetector(std::move(read.model), name, options, device, seed, /*checks=*/true);
}

AnomalyDetector AnomalyDetector::of_bundle(Bundle bundle, const std::filesystem::path& path, const std::string& name,
                                           DetectionOptions options, at::Device device, std::uint64_t seed) {
  const bool own_weights = bundle.model.squeezenet && options.perceptual_weights.empty();
  if (options.perceptual == bundle.model.perceptual && own_weights) options.perceptual.clear();
  Calibration calibration = choose(std::move(bundle.calibrations), options);
  AnomalyDetector detector(std::move(bundle.model), name, options, device, seed);
  detector.calibration_ = std::make_shared<const Calibration>(std::move(calibration));
  detector.calibrated_ = detector.calibration_->differences(detector.identity()).empty();
  if (detector.calibrated_) {
    check_canary(detector, path);
  } else {
    detector.check_against_exact();
  }
  return detector;
}

void AnomalyDetector::check_against_exact() const {
  if (identity_.backend != "torch") require_agreement(exact_canary());
}

AnomalyDetector::CanaryResult AnomalyDetector::exact_canary() const {
  const std::string what = fmt::format("exact canary of {}, {}", name_of_screening(model_), at::get_cpu_capability());
  if (const auto kept = find_result(what)) {
    const StateDict tensors = read_safetensors(kept->bytes).weights();
    return {find_tensor(tensors, "reconstruction"), find_tensor(tensors, "means")};
  }
  const auto network = std::make_shared<ReversedAutoencoder>(model_.network->options());
  network->load(model_.network->state());
  network->to(at::kFloat, at::kCPU);  // as torch computes
  ScreeningModel model = model_;
  model.network = network;
  const auto exact = canary_result(*make_torch_backend(model, device_, Precision::kFp32));
  keep_result(what, [&](std::ostream& out) {
    out << safetensors_bytes({{"reconstruction", exact.reconstruction}, {"means", exact.means}});
  });
  return exact;
}

AnomalyDetector::CanaryResult AnomalyDetector::canary_result(const InferenceBackend& backend) const {
  const OneThread one_thread;
  const auto output = backend.screen(canary_image(kCanarySeed, input_));
  return {output.reconstruction, at::stack({output.stages.perceptual.mean().to(at::kDouble), output.stages.scores[0]})};
}

void AnomalyDetector::require_agreement(const CanaryResult& exact) const {
  const CanaryResult got = canary_result(*backend_);
  const at::Tensor apart = (got.means / exact.means - 1.0).abs();
  const Agreement found{(got.reconstruction - exact.reconstruction).abs().max().item<double>(), apart[0].item<double>(),
                        apart[1].item<double>()};
  const Agreement allowed = agreement_of(identity_);
  if (found.reconstruction <= allowed.reconstruction && found.distance <= allowed.distance &&
      found.score <= allowed.score) {
    return;
  }
  throw Error(ErrorCode::kFailed,
              fmt::format("{} {} and torch fp32 make different things of a test image: reconstructions {:.3g} apart "
                          "(allowed is {:g}), perceptual distances {:.3g} of theirs ({:g}), scores {:.3g} of theirs "
                          "({:g}); use --backend torch",
                          identity_.backend, identity_.precision, found.reconstruction, allowed.reconstruction,
                          found.distance, allowed.distance, found.score, allowed.score));
}

AnomalyDetector::AnomalyDetector(ModelFile file, std::string model_name, const DetectionOptions& options,
                                 at::Device device, std::uint64_t seed, bool checks)
    : options_(settled(options, file.perceptual)),
      input_(file.input),
      device_(device),
      batch_(batch_of(options_, device)),
      seed_(seed),
      subjects_(std::move(file.subjects)) {
  const ModelOptions& shape = file.model->options();
  if (shape.conditional) {
    throw Error(ErrorCode::kUnsupported, "this model is conditional: it cannot screen without a condition vector");
  }
  // The others lay the weights out anew, whatever they are.
  if (options_.backend == "torch") file.model->to(at::kFloat, device);
  model_.network = std::move(file.model);
  model_.rule =
      options.latent.empty() ? file.latent_rule.value_or(LatentRule::fallback()) : LatentRule::parse(options.latent);
  const std::string rule = model_.rule.text();
  const bool stored = file.latent_rule && file.latent_rule->text() == rule && file.latent_noise.defined();
  model_.noise = stored ? file.latent_noise : latent_noise(model_.rule, shape.latent_size, seed);
  for (int k = 0; k < options_.samples; ++k) {
    const at::Tensor one = noise_of_sample(shape.latent_size, seed, k).unsqueeze(0);
    sample_noise_ = sample_noise_.defined() ? at::cat({sample_noise_, one}) : one;
  }
  model_.sha256 = std::move(file.sha256);
  model_.squeezenet = squeezenet_of(options_, std::move(file.squeezenet));
  const auto perceptual =
      in_context(options_.perceptual + " distance", [&] { return make_perceptual(model_, device); });
  map_maximum_ = default_map_maximum(*perceptual);
  const std::string drawn = stored ? "model" : fmt::format("seed {}", seed);
  identity_ = {perceptual->name(),
               options_.backend,
               options_.precision,
               std::move(model_name),
               rule,
               model_.rule.uses_noise() ? drawn : "none"};
  // The exact one computes while the other is made, which takes longer.
  std::future<CanaryResult> exact;
  if (checks && options_.backend != "torch") exact = std::async(std::launch::async, [this] { return exact_canary(); });
  backend_ = make_backend(model_, options_, device);
  if (exact.valid()) require_agreement(exact.get());
}

// Note [One slice at a time]: convolutions choose their kernels by the batch's size, their rounding differs, and CLAHE
// turns a rounding into a step of one of its levels: the same slice scored up to 1e-3 apart in batches of another size.
// Each slice is therefore computed by itself, and its score does not depend on its company; docs/performance.md has
// what that costs. Nor does it depend on the number of threads (Note [One thread a slice]). A GPU would idle: it
// computes several together, always as many.
std::vector<AnomalyResult> AnomalyDetector::detect(const at::Tensor& slices) const {
  const at::NoGradGuard no_grad;
  const OneThread one_thread;
  std::vector<AnomalyResult> results;
  for (const at::Tensor& some : slices.split(batch_)) {
    for (AnomalyResult& result : detect_together(some)) results.push_back(std::move(result));
  }
  return results;
}

std::vector<AnomalyResult> AnomalyDetector::detect_together(const at::Tensor& slices) const {
  const std::int64_t count = slices.size(0);
  at::Tensor x = slices;
  if (count < batch_) x = at::cat({x, x.narrow(0, count - 1, 1).expand({batch_ - count, -1, -1, -1})});
  x = x.to(device_, at::kFloat);
  const auto [reconstruction, stages] = backend_->screen(x);
  const auto on_cpu = [](const at::Tensor& tensor) { return tensor.to(at::kCPU).contiguous(); };
  const at::Tensor maps = on_cpu(stages.map), reconstructions = on_cpu(reconstruction), scores = on_cpu(stages.scores),
                   distances = on_cpu(stages.perceptual), errors = mean_absolute_errors(x, reconstruction),
                   maxima = on_cpu(gaussian_filter(stages.map, kPerceptualSigma).amax({1, 2})),
                   factors = on_cpu(stages.perceptual_smooth * stages.equalised_perceptual_smooth);
  std::vector<AnomalyResult> results(static_cast<std::size_t>(count));
  for (std::int64_t k = 0; k < count; ++k) {
    AnomalyResult& result = results[static_cast<std::size_t>(k)];
    // Of its own, so that it does not keep the others' memory.
    const auto own = [k](const at::Tensor& of_all) { return of_all.size(0) == 1 ? of_all[k] : of_all[k].clone(); };
    result.score = scores[k].item<double>();
    result.score_maximum = maxima[k].item<double>();
    if (calibrated_) result.p_value = calibration_->scores.p_value(result.score);
    result.reconstruction_mae = errors[k].item<double>();
    result.perceptual_distance = distances[k].to(at::kDouble).mean().item<double>();
    result.map = own(maps);
    result.perceptual = own(factors)[0];
    result.reconstruction = own(reconstructions);
    if (options_.samples > 0) {
      const at::Tensor of_samples = backend_->sample_scores(x.narrow(0, k, 1), sample_noise_);
      result.score_mean = of_samples.mean().item<double>();
      result.score_sd = of_samples.std().item<double>();
    }
  }
  return results;
}

at::Tensor AnomalyDetector::latents(const at::Tensor& slices) const {
  const at::NoGradGuard no_grad;
  const at::Tensor x = slices.to(device_, at::kFloat);
  return model_.network->encoder().forward(x, BatchNormMode::kFrozen).mean.to(at::kCPU).contiguous();
}

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ra/detection/calibration.h"
#include "ra/detection/detection_options.h"
#include "ra/detection/detector_identity.h"
#include "ra/detection/inference_backend.h"
#include "ra/model/latent_rule.h"
#include "ra/model/model_file.h"
#include "ra/model/perceptual.h"

namespace ra {

struct Bundle;

// What a detector found in one slice. Tensors are float32 on the CPU.
struct AnomalyResult {
  double score = 0.0;                // mean of the map, >= 0; larger is more anomalous
  double score_maximum = 0.0;        // maximum of the map after a Gaussian of kPerceptualSigma pixels
  std::optional<double> p_value;     // of `score` among the healthy scores, with a calibration that fits the detector
  double reconstruction_mae = 0.0;   // mean absolute difference of input and reconstruction
  double perceptual_distance = 0.0;  // mean over the pixels of the distance of both, neither equalised nor smoothed
  at::Tensor map;                    // [S,S], >= 0
  at::Tensor perceptual;             // [S,S], >= 0: the factor of the map that is not the residual
  at::Tensor reconstruction;         // [C,S,S] in (0,1): the pseudo-healthy twin
  std::optional<double> score_mean, score_sd;  // over stochastic reconstructions, with DetectionOptions::samples
};

// Scores slices: reconstruction, anomaly map, score. The command line, the evaluation and the service all call it,
// so that a published number and a served number cannot differ. detect() may be called from several threads.
class AnomalyDetector {
 public:
  // Loads a checkpoint or a bundle; the content decides. `seed` draws the latent noise of a rule that the model does
  // not store, and the samples. What `options` leave empty is as the bundle's first calibration of the rest; other
  // settings than any calibration's keep it out of the results (calibration()->differences() says why). With a
  // calibration its canary is scored: kBadInput unless it comes out within canary_tolerance() of what is stored.
  // Without, a backend other than the exact one must pass check_against_exact().
  static AnomalyDetector load(const std::filesystem::path& model_path, const DetectionOptions& options,
                              at::Device device, std::uint64_t seed);

  // With `checks` it must pass check_against_exact(), of which a part is done while the backend is made.
  AnomalyDetector(ModelFile file, std::string model_name, const DetectionOptions& options, at::Device device,
                  std::uint64_t seed, bool checks = false);

  // slices: [N,C,S,S] float32 from prepare_slice with input(); any N >= 1. One result a slice, in order;
  // it does not depend on the others (Note [One slice at a time]).
  std::vector<AnomalyResult> detect(const at::Tensor& slices) const;
  // How many slices it computes together: a call with fewer takes as long.
  std::int64_t batch() const { return batch_; }

  // Screens a small input by this backend and by torch in fp32; kFailed if they are further apart than roundings take
  // them (Note [Roundings]). Nothing to do for torch.
  void check_against_exact() const;

  const DetectorIdentity& identity() const { return identity_; }
  // How slices must be prepared for this model.
  const InputOptions& input() const { return input_; }
  const DetectionOptions& options() const { return options_; }
  // What samples are drawn by, and the latent noise that the model does not store.
  std::uint64_t seed() const { return seed_; }
  at::Device device() const { return device_; }
  // The mean of the posterior of z: [N,C,S,S] -> [N,Z] on the CPU.
  at::Tensor latents(const at::Tensor& slices) const;
  // Of a bundle: the one that fits this detector's settings, else its first; nullptr for a checkpoint.
  const Calibration* calibration() const { return calibration_.get(); }
  // Whose images shaped the model; nullopt where the file does not say.
  const std::optional<SeenSubjects>& training_subjects() const { return subjects_; }
  // The noise of the latent rule, [draws,Z].
  const at::Tensor& rule_noise() const { return model_.noise; }
  // The map value that pictures of this model show brightest.
  double map_maximum() const { return map_maximum_; }

 private:
  // Of at most batch() slices.
  std::vector<AnomalyResult> detect_together(const at::Tensor& slices) const;
  // What two engines must agree on: reconstruction [1,C,S,S] of the canary, mean perceptual distance and score [2].
  struct CanaryResult {
    at::Tensor reconstruction, means;
  };

  CanaryResult canary_result(const InferenceBackend& backend) const;
  // By torch in fp32; as an earlier run computed it, if one did.
  CanaryResult exact_canary() const;
  void require_agreement(const CanaryResult& exact) const;
  static AnomalyDetector of_bundle(Bundle bundle, const std::filesystem::path& path, const std::string& name,
                                   DetectionOptions options, at::Device device, std::uint64_t seed);

  ScreeningModel model_;
  std::unique_ptr<InferenceBackend> backend_;
  DetectionOptions options_;
  InputOptions input_;
  at::Tensor sample_noise_;  // [samples,Z]
  at::Device device_;
  std::int64_t batch_ = 1;
  std::uint64_t seed_;
  double map_maximum_ = 0.0;
  DetectorIdentity identity_;
  std::optional<SeenSubjects> subjects_;
  std::shared_ptr<const Calibration> calibration_;
  bool calibrated_ = false;  // calibration_ fits identity_
};

// How far, relatively, the score of a bundle's canary may lie from the stored one.
double canary_tolerance(const DetectorIdentity& identity);

}  // namespace ra

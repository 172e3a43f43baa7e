#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

#include "ra/detection/anomaly_map.h"
#include "ra/model/latent_rule.h"
#include "ra/model/perceptual.h"
#include "ra/model/precision.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra {

// What every backend computes.
struct ScreeningModel {
  std::shared_ptr<const ReversedAutoencoder> network;  // float32, on the device of the exact backend
  LatentRule rule;
  at::Tensor noise;  // of the rule, [draws,Z]
  // LPIPS measures the perceptual distance; without, the network's own embeddings do.
  std::optional<SqueezenetWeights> squeezenet;
  std::string sha256;  // of the file that holds the network, hex; empty where there is none
};

// An engine that screens slices. The steps to add one:
//   1. a file here with a factory below;
//   2. a line in make_backend() and its name in knows_engine() (anomaly_detector.cc);
//   3. the word in add_engine_options (cli/common_options.cc), visit_detection (experiment/config_fields.cc),
//      cli/benchmark_command.cc and docs/calibration.md, "Engines".
// All methods may be called from several threads.
class InferenceBackend {
 public:
  struct Output {
    at::Tensor reconstruction;  // [1,C,S,S] float32 in (0,1), by the latent rule
    AnomalyStages stages;       // of the slice and that
  };

  virtual ~InferenceBackend() = default;
  // slice: [1,C,S,S] float32 in [0,1].
  virtual Output screen(const at::Tensor& slice) const = 0;
  // The score of the stochastic reconstruction by each row of `noise`, [K,Z]: [K] float64.
  virtual at::Tensor sample_scores(const at::Tensor& slice, const at::Tensor& noise) const = 0;
};

// The perceptual distance of a model, computed by LibTorch.
std::shared_ptr<const PerceptualDistance> make_perceptual(const ScreeningModel& model, at::Device device);

// The exact one, on any device of LibTorch.
std::unique_ptr<InferenceBackend> make_torch_backend(const ScreeningModel& model, at::Device device,
                                                     Precision precision);

// How OpenVINO shares the processor: `streams` slices at the same time, each by threads / streams threads. The numbers
// do not depend on it.
struct OpenvinoThreads {
  int threads = 1;
  int streams = 1;
};

// Whether this program was built with OpenVINO.
bool has_openvino();

// Loads OpenVINO's parts for the CPU, which otherwise happens where it is first used: for a thread beside other work.
// Nothing where there is no OpenVINO; never throws.
void load_openvino() noexcept;

// OpenVINO's, on CPUs. kUnsupported where the program was built without it, the processor does not compute in
// `precision`, or the latent rule draws more than 64 times.
std::unique_ptr<InferenceBackend> make_openvino_backend(const ScreeningModel& model, Precision precision,
                                                        const OpenvinoThreads& threads);

// The perceptual distance of a model with LPIPS, or without, computed by OpenVINO in fp32. Where there is OpenVINO.
std::unique_ptr<PerceptualDistance> make_openvino_distance(const ScreeningModel& model, const OpenvinoThreads& threads);

// The fastest on CPUs: batch norm folded, Winograd's convolutions, weights laid out once (FoldedMode::packed); LPIPS by
// OpenVINO where there is OpenVINO, else by LibTorch. kUnsupported in another precision than fp32.
std::unique_ptr<InferenceBackend> make_native_backend(const ScreeningModel& model, Precision precision,
                                                      const OpenvinoThreads& threads);

}  // namespace ra

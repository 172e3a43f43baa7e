#include "ra/evaluation/cases.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/ordered_workers.h"
#include "ra/base/stop_signal.h"
#include "ra/detection/anomaly_map.h"
#include "ra/detection/foreground.h"
#include "ra/detection/one_thread.h"
#include "ra/evaluation/case_judgement.h"
#include "ra/evaluation/case_truth.h"
#include "ra/evaluation/plane_store.h"
#include "ra/evaluation/thresholding.h"
#include "ra/metrics/image_error.h"
#include "ra/metrics/ssim.h"
#include "ra/transforms/gaussian.h"
#include "ra/transforms/input.h"

namespace ra {
namespace {

// Planes of one image in the store; the maps of the other methods follow.
enum Plane : std::int64_t { kInput, kReconstruction, kPerceptual, kMap, kBrain, kFirstOther };

at::Tensor gray(const at::Tensor& slice) { return slice.mean(0).contiguous(); }

std::vector<float> vector_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel()};
}

MethodScore score_of(const at::Tensor& map) {
  return {map.to(at::kDouble).mean().item<double>(),
          gaussian_filter(map.unsqueeze(0), kPerceptualSigma).max().item<double>()};
}

// The calibration of the detector's file, if it holds for the detector's settings.
const Calibration* fitting_calibration(const AnomalyDetector& detector) {
  const Calibration* calibration = detector.calibration();
  const bool fits = calibration != nullptr && calibration->differences(detector.identity()).empty();
  return fits ? calibration : nullptr;
}

// What is known of one image apart from its truth.
struct ImageRecord {
  bool usable = false;
  std::size_t stored = 0;  // in the plane store
  SourceSize size;
  CaseRecord numbers;  // scores, errors and latents
};

// An image on its way to the network, or why it could not be read.
struct ReadImage {
  std::size_t image = 0;  // in the plan
  SourceSize size = {};
  at::Tensor slice = {};  // [C,S,S]
  std::optional<std::string> failure = {};
};

// And what came out.
struct DetectedImage {
  ReadImage read;
  AnomalyResult result = {};
  std::vector<float> latent = {}, reconstruction_latent = {};
};

class CaseRun {
 public:
  CaseRun(const AnomalyDetector& detector, const EvaluationPlan& plan,
          const std::vector<std::unique_ptr<Opponent>>& opponents, const CaseOptions& options)
      : detector_(detector),
        plan_(plan),
        opponents_(opponents),
        options_(options),
        calibration_(fitting_calibration(detector)),
        normalised_(calibration_ != nullptr && calibration_->map_mean.defined()),
        store_(options.scratch, kFirstOther + std::ssize(opponents) + (normalised_ ? 1 : 0),
               detector.input().image_size),
        bins_(evaluation_bins()),
        images_(plan.images.size()),
        healthy_(plan.images.size(), 0) {
    results_.sets = plan.sets;
    results_.failures = plan.failures;
    results_.perceptual = detector.identity().perceptual;
    results_.methods.push_back("ra");
    if (normalised_) results_.methods.push_back("ra_normalised");
    for (const auto& opponent : opponents) results_.methods.push_back(opponent->name());
    for (const PlannedCase& one : plan.cases) {
      if (!one.pathological) healthy_[one.image] = 1;
    }
  }

  // First pass: the network.
  void score_images(const std::function<void(std::size_t, std::size_t)>& progress) {
    const int threads = at::get_num_threads();
    const OneThread one_thread;
    std::size_t read = 0;
    const auto next_image = [&]() -> std::optional<ReadImage> {
      if (read == images_.size() || StopSignal::received() != 0) return std::nullopt;
      return read_image(read++);
    };
    OrderedWorkers<ReadImage, DetectedImage> detecting(threads, static_cast<std::size_t>(2 * threads), next_image,
                                                       [&](ReadImage image) { return detect(std::move(image)); });
    for (std::size_t done = 1; std::optional<DetectedImage> image = next_of(detecting); ++done) {
      if (image->read.failure) {
        results_.failures.push_back(*image->read.failure);
      } else {
        record(*image);
      }
      if (progress) progress(done, images_.size());
    }
    results_.thresholds = healthy_pixels_.thresholds();
    results_.threshold = options_.threshold;
    for (const HealthyMapThreshold& one : results_.thresholds) {
      const bool wanted = one.pixels == "all" && one.mode == "strict" && one.percent == 5;
      if (wanted && !options_.threshold && one.threshold > 0.0) results_.threshold = one.threshold;
    }
  }

  // Second pass: the truth.
  void judge_cases(const CaseSink& sink) {
    for (const PlannedCase& one : plan_.cases) {
      if (!images_[one.image].usable || StopSignal::received() != 0) continue;
      if (auto failure = failure_of([&] { judge(one, sink); })) results_.failures.push_back(std::move(*failure));
    }
  }

  EvaluationResults results() { return std::move(results_); }

 private:
  // Calls work(); returns the message where the input was to blame for its failure.
  template <class Work>
  static std::optional<std::string> failure_of(Work&& work) {
    try {
      work();
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      return error.what();
    }
  }

  // Called by one thread at a time.
  ReadImage read_image(std::size_t k) {
    ReadImage read{.image = k};
    const PlannedImage& image = plan_.images[k];
    read.failure = failure_of([&] {
      const SourceSlice source = scored_files_.read(image.file, image.slice);
      read.size = {source.picture.columns, source.picture.rows, source.slices, image.slice};
      read.slice = in_context(image.name(), [&] { return prepare_slice(source.picture, detector_.input()).pixels; });
    });
    return read;
  }

  // Called by several threads at once.
  DetectedImage detect(ReadImage read) const {
    DetectedImage image{.read = std::move(read)};
    if (image.read.failure) return image;
    const OneThread one_thread;
    const at::Tensor slice = image.read.slice.unsqueeze(0);
    image.read.failure = failure_of([&] {
      image.result = std::move(detector_.detect(slice).front());
      if (!options_.latents) return;
      image.latent = vector_of(detector_.latents(slice)[0]);
      image.reconstruction_latent = vector_of(detector_.latents(image.result.reconstruction.unsqueeze(0))[0]);
    });
    return image;
  }

  std::optional<DetectedImage> next_of(OrderedWorkers<ReadImage, DetectedImage>& detecting) {
    const TimedPart timed(results_.seconds.network);
    return detecting.next();
  }

  // The maps of all methods but the detector itself.
  std::vector<at::Tensor> other_maps(const at::Tensor& slice, const AnomalyResult& result) {
    const TimedPart timed(results_.seconds.opponents);
    std::vector<at::Tensor> maps;
    if (normalised_) maps.push_back(calibration_->normalised(result.map).to(at::kFloat).contiguous());
    for (const auto& opponent : opponents_) maps.push_back(opponent->map(slice));
    return maps;
  }

  void record(DetectedImage& image) {
    const at::Tensor& slice = image.read.slice;
    const AnomalyResult& result = image.result;
    ImageRecord& own = images_[image.read.image];
    own.size = image.read.size;
    const at::Tensor input = gray(slice), reconstruction = gray(result.reconstruction);
    const std::vector<at::Tensor> others = other_maps(slice, result);
    at::Tensor brain;
    {
      const TimedPart timed(results_.seconds.metrics);
      brain = foreground_mask(slice);
      CaseRecord& numbers = own.numbers;
      numbers.latent = std::move(image.latent);
      numbers.reconstruction_latent = std::move(image.reconstruction_latent);
      numbers.p_value = result.p_value;
      if (calibration_ != nullptr) numbers.p_value_maximum = calibration_->maxima.p_value(result.score_maximum);
      numbers.scores.push_back({result.score, result.score_maximum});
      for (const at::Tensor& map : others) numbers.scores.push_back(score_of(map));
      numbers.mae = result.reconstruction_mae;
      numbers.mse = mean_squared_error(values_of(input), values_of(reconstruction));
      numbers.psnr = peak_signal_to_noise_ratio(values_of(input), values_of(reconstruction)).value;
      numbers.ssim = ssim(values_of(input), values_of(reconstruction), input.size(1), input.size(0));
      numbers.perceptual_distance = result.perceptual_distance;
      if (healthy_[image.read.image] != 0) healthy_pixels_.add(result.map, brain);
    }
    const TimedPart timed(results_.seconds.files);
    std::vector<at::Tensor> planes = {input, reconstruction, result.perceptual, result.map, brain.to(at::kFloat)};
    planes.insert(planes.end(), others.begin(), others.end());
    store_.add(at::stack(planes));
    own.stored = stored_++;
    own.usable = true;
  }

  void judge(const PlannedCase& one, const CaseSink& sink) {
    CaseRecord record = named_record(one);
    std::optional<CaseTruth> truth;
    {
      const TimedPart timed(results_.seconds.files);
      store_.read(images_[one.image].stored, planes_);
      if (options_.truth) {
        truth = read_truth(one, record.image, images_[one.image].size, detector_.input().image_size, files_);
      }
    }
    CasePictures pictures{planes_[kInput], planes_[kReconstruction], planes_[kPerceptual], planes_[kMap], {}, {}};
    if (results_.threshold) {
      pictures.thresholded = (pictures.map >= static_cast<float>(*results_.threshold)).to(at::kFloat);
    }
    if (truth) {
      const TimedPart timed(results_.seconds.metrics);
      results_.warnings.insert(results_.warnings.end(), truth->warnings.begin(), truth->warnings.end());
      if (truth->known) pictures.truth = truth->mask;
      judge_case(maps_of_planes(), *truth, results_.threshold, bins_, record);
    }
    if (sink) {
      const TimedPart timed(results_.seconds.output);
      sink(record, pictures);
    }
    results_.cases.push_back(std::move(record));
  }

  CaseRecord named_record(const PlannedCase& one) const {
    CaseRecord record = images_[one.image].numbers;
    record.set = one.set;
    record.image = plan_.images[one.image].file;
    record.slice = plan_.images[one.image].slice;
    record.subject = one.subject;
    record.pathological = one.pathological;
    for (const ManifestRow& row : one.rows) {
      if (record.label.empty()) record.label = row.label;
      record.groups.insert(row.groups.begin(), row.groups.end());
    }
    return record;
  }

  // Views of the planes of the case that is judged.
  JudgedMaps maps_of_planes() const {
    JudgedMaps maps{planes_.size(1), {values_of(planes_[kMap])}, mask_of(planes_[kBrain])};
    for (std::int64_t k = kFirstOther; k < planes_.size(0); ++k) maps.maps.push_back(values_of(planes_[k]));
    return maps;
  }

  const AnomalyDetector& detector_;
  const EvaluationPlan& plan_;
  const std::vector<std::unique_ptr<Opponent>>& opponents_;
  const CaseOptions& options_;
  const Calibration* calibration_;  // nullptr without one that fits
  bool normalised_;                 // it has the mean and spread of healthy maps
  PlaneStore store_;
  MapBins bins_;
  std::vector<ImageRecord> images_;
  std::vector<std::uint8_t> healthy_;  // images of a healthy case
  HealthyPixels healthy_pixels_;
  at::Tensor planes_;  // of the case that is judged
  std::size_t stored_ = 0;
  SourceSlices scored_files_;  // of the first pass, used by one thread at a time
  SourceSlices files_;         // of the second
  EvaluationResults results_;
};

}  // namespace

std::string_view to_string(BoxSize size) {
  switch (size) {
    case BoxSize::kSmall:
      return "small";
    case BoxSize::kMedium:
      return "medium";
    case BoxSize::kLarge:
      return "large";
  }
  return "";
}

MapBins evaluation_bins() {
  constexpr int kParts = 16, kLowest = -24, kHighest = 8;
  std::vector<float> edges;
  for (int octave = kLowest; octave < kHighest; ++octave) {
    for (int part = 0; part < kParts; ++part) {
      edges.push_back(std::ldexp(1.0f + static_cast<float>(part) / kParts, octave));
    }
  }
  const std::size_t count = edges.size();
  for (std::size_t k = 0; k < count; ++k) edges.push_back(-edges[k]);
  std::sort(edges.begin(), edges.end());
  return MapBins(std::move(edges));
}

EvaluationResults run_cases(const AnomalyDetector& detector, const EvaluationPlan& plan,
                            const std::vector<std::unique_ptr<Opponent>>& opponents, const CaseOptions& options,
                            const CaseSink& sink, const std::function<void(std::size_t, std::size_t)>& progress) {
  CaseRun run(detector, plan, opponents, options);
  run.score_images(progress);
  run.judge_cases(sink);
  return run.results();
}

}  // namespace ra

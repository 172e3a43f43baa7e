#include "ra/detection/calibrator.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/ordered_workers.h"
#include "ra/base/stop_signal.h"
#include "ra/data/subject.h"
#include "ra/detection/foreground.h"
#include "ra/detection/one_thread.h"
#include "ra/detection/slice_reader.h"

namespace ra {
namespace {

// The spread of a pixel is at least this share of the mean spread: a pixel of air hardly varies, and dividing by its
// spread would make it the brightest of all.
constexpr double kLeastSpread = 0.1;

// Gathers what healthy slices come to.
class Gathering {
 public:
  explicit Gathering(const AnomalyDetector& detector) : detector_(detector) {}

  // slice: [C,S,S].
  void add(const at::Tensor& slice, const AnomalyResult& result) {
    scores_.push_back(result.score);
    maxima_.push_back(result.score_maximum);
    const at::Tensor map = result.map.contiguous(), brain = map.masked_select(foreground_mask(slice));
    pixels_.insert(pixels_.end(), map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
    brain_.insert(brain_.end(), brain.data_ptr<float>(), brain.data_ptr<float>() + brain.numel());
  }

  std::size_t images() const { return scores_.size(); }

  Calibration finish(const CalibrationOptions& options) {
    if (brain_.empty()) throw Error(ErrorCode::kUsage, "no healthy image has a foreground to calibrate on");
    Calibration calibration{detector_.identity(),
                            options.slices.text(),
                            HealthyScores(std::move(scores_)),
                            HealthyScores(std::move(maxima_)),
                            {},
                            {},
                            {},
                            {},
                            false,
                            {},
                            {}};
    for (const double percent : percents(options.rates)) {
      calibration.all_pixels.push_back(pixel_threshold(pixels_, percent));
      calibration.brain_pixels.push_back(pixel_threshold(brain_, percent));
    }
    if (options.normalised_map) add_maps(calibration);
    return calibration;
  }

 private:
  static std::vector<double> percents(const std::vector<double>& rates) {
    std::vector<double> all(std::begin(kPixelPercents), std::end(kPixelPercents));
    for (const double rate : rates) all.push_back(100.0 * rate);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  void add_maps(Calibration& calibration) {
    const std::int64_t side = detector_.input().image_size;
    const at::Tensor maps =
        at::from_blob(pixels_.data(), {static_cast<std::int64_t>(pixels_.size()) / (side * side), side, side});
    if (maps.size(0) < 2) throw Error(ErrorCode::kUsage, "the spread of healthy maps needs at least 2 images");
    calibration.map_mean = maps.mean(0);
    const at::Tensor spread = maps.std(0);
    calibration.map_spread = spread.clamp_min(std::max(kLeastSpread * spread.mean().item<double>(), 1e-12));
  }

  const AnomalyDetector& detector_;
  std::vector<double> scores_, maxima_;
  std::vector<float> pixels_, brain_;
};

// A healthy slice and what the detector found in it.
struct HealthySlice {
  at::Tensor slice;  // [C,S,S]
  AnomalyResult result;
  std::optional<std::string> failure;  // why there is no result
};

// The slices of healthy images, one after another, and what became of the images.
class HealthySlices {
 public:
  HealthySlices(std::span<const std::filesystem::path> images, std::span<const std::string> subjects,
                const CalibrationOptions& options, const InputOptions& input,
                const std::function<void(std::size_t, std::size_t)>& progress)
      : images_(images), subjects_(subjects), options_(options), input_(input), progress_(progress) {}

  // [C,S,S]; nullopt after the last one. kFailed when a stop signal came.
  std::optional<at::Tensor> next() {
    while (position_ == slices_.size()) {
      if (next_image_ == images_.size()) return std::nullopt;
      read(next_image_++);
    }
    if (StopSignal::received() != 0) throw Error(ErrorCode::kFailed, "calibration was interrupted; nothing is written");
    return slices_[position_++].prepared.pixels;
  }

  std::vector<std::string> used, failures;  // subjects of the images that were read; a message each other one
  std::size_t constant = 0;

 private:
  void read(std::size_t k) {
    position_ = 0;
    slices_.clear();
    if (progress_ && k > 0) progress_(k, images_.size());
    try {
      slices_ = read_slices(images_[k], options_.slices, input_, constant);
      used.push_back(subjects_[k]);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      failures.push_back(error.what());
    }
  }

  std::span<const std::filesystem::path> images_;
  std::span<const std::string> subjects_;
  const CalibrationOptions& options_;
  const InputOptions& input_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  std::vector<InputSlice> slices_;  // of the current image
  std::size_t position_ = 0, next_image_ = 0;
};

void require_enough(std::size_t images, const CalibrationOptions& options) {
  if (options.rates.empty()) throw Error(ErrorCode::kUsage, "calibration needs at least one false positive rate");
  require_healthy_cases(images, *std::min_element(options.rates.begin(), options.rates.end()));
}

Population population_of(const std::vector<std::string>& subjects, std::size_t images, const std::string& label) {
  Population population;
  population.label = label;
  population.images = static_cast<std::int64_t>(images);
  population.subjects = subject_hashes(subjects);
  population.subjects_known = std::none_of(subjects.begin(), subjects.end(), is_image_itself);
  return population;
}

}  // namespace

CalibrationRun calibrate(const AnomalyDetector& detector, std::span<const std::filesystem::path> images,
                         std::span<const std::string> subjects, const CalibrationOptions& options,
                         const std::function<void(std::size_t, std::size_t)>& progress) {
  // A rule that takes one slice a file cannot bring more images than files: say so before hours of work.
  if (options.slices.text() == "mid") require_enough(images.size(), options);
  detector.check_against_exact();
  Gathering gathering(detector);
  HealthySlices slices(images, subjects, options, detector.input(), progress);
  std::vector<std::string> failures;  // of slices; `slices` writes those of images meanwhile
  {
    const int threads = at::get_num_threads();
    const OneThread one_thread;
    OrderedWorkers<at::Tensor, HealthySlice> detecting(
        threads, static_cast<std::size_t>(2 * threads), [&] { return slices.next(); },
        [&](at::Tensor slice) {
          HealthySlice one{std::move(slice), {}, {}};
          try {
            one.result = std::move(detector.detect(one.slice.unsqueeze(0)).front());
          } catch (const Error& error) {
            if (error.code() != ErrorCode::kBadInput) throw;
            one.failure = error.what();
          }
          return one;
        });
    while (std::optional<HealthySlice> one = detecting.next()) {
      if (one->failure) {
        failures.push_back(std::move(*one->failure));
      } else {
        gathering.add(one->slice, one->result);
      }
    }
  }
  failures.insert(failures.begin(), slices.failures.begin(), slices.failures.end());
  if (progress) progress(images.size(), images.size());
  const std::size_t count = gathering.images();
  require_enough(count, options);
  CalibrationRun run{gathering.finish(options), slices.constant, std::move(failures)};
  run.calibration.population = population_of(slices.used, count, options.label);
  if (run.calibration.population.subjects.size() < count) {
    log::warning(
        "{} healthy images come from {} subjects: images of one subject resemble each other, so the p-values "
        "rest on fewer cases than they count",
        count, run.calibration.population.subjects.size());
  }
  return run;
}

Calibration with_canary(Calibration calibration, const AnomalyDetector& detector, std::uint64_t seed) {
  calibration.canary = {seed, detector.detect(canary_image(seed, detector.input()))[0].score};
  return calibration;
}

Bundle bundle_of(ModelFile model, const AnomalyDetector& detector, std::vector<Calibration> calibrations) {
  model.latent_rule = LatentRule::parse(detector.identity().latent);
  model.latent_noise = detector.rule_noise();
  model.perceptual = detector.identity().perceptual;
  return {std::move(model), std::move(calibrations)};
}

}  // namespace ra

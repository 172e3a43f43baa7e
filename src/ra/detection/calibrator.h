#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/detection/bundle.h"
#include "ra/image/slices.h"

namespace ra {

struct CalibrationOptions {
  // False-positive rates an image that must be within reach of the p-values; each in (0,1).
  std::vector<double> rates = {0.05};
  SliceRule slices = SliceRule::mid();
  // The population in the user's words.
  std::string label;
  // Keeps mean and spread of the healthy maps, pixel by pixel.
  bool normalised_map = false;
};

struct CalibrationRun {
  Calibration calibration;
  std::size_t constant = 0;           // slices of volumes without any content, left out
  std::vector<std::string> failures;  // one message a file that could not be used; the others count
};

// Scores healthy images and keeps what they look like. `subjects` says whom each image shows (data/subject.h). kUsage
// when there are too few images for the smallest rate, or the maps are saturated; kFailed when a stop signal came.
// `progress(done, total)` counts files.
CalibrationRun calibrate(const AnomalyDetector& detector, std::span<const std::filesystem::path> images,
                         std::span<const std::string> subjects, const CalibrationOptions& options,
                         const std::function<void(std::size_t, std::size_t)>& progress = {});

// A detector's calibration with a canary of `seed`.
Calibration with_canary(Calibration calibration, const AnomalyDetector& detector, std::uint64_t seed);

// The bundle of a model that `detector` runs: its latent rule with the noise, its perceptual distance. `model` is the
// file that the detector was made of; its squeezenet weights are kept if it has them. `calibrations` were made by
// detectors that differ from this one in backend and precision alone.
Bundle bundle_of(ModelFile model, const AnomalyDetector& detector, std::vector<Calibration> calibrations);

}  // namespace ra

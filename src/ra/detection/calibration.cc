#include "ra/detection/calibration.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/metrics/threshold.h"

namespace ra {
namespace {

constexpr int kPaperSteps = 1000, kFineSteps = 1000000;
// Room for the rounding of 100 * rate.
constexpr double kPercentRounding = 1e-9;

double percent_above_zero(std::span<const float> pixels) {
  const auto above = std::count_if(pixels.begin(), pixels.end(), [](float value) { return value > 0.0f; });
  return 100.0 * static_cast<double>(above) / static_cast<double>(pixels.size());
}

}  // namespace

const PixelThreshold& Calibration::threshold_at(std::span<const PixelThreshold> thresholds, double rate) {
  const PixelThreshold* best = nullptr;
  for (const PixelThreshold& one : thresholds) {
    if (one.percent <= 100.0 * rate + kPercentRounding && (best == nullptr || one.percent > best->percent)) best = &one;
  }
  if (best != nullptr) return *best;
  throw Error(ErrorCode::kUsage,
              fmt::format("the calibration has no pixel threshold for a false positive rate of {} or less", rate));
}

at::Tensor Calibration::normalised(const at::Tensor& map) const {
  if (!map_mean.defined()) {
    throw Error(ErrorCode::kUsage, "this calibration has no healthy mean map: calibrate with --normalised-map");
  }
  return (map - map_mean) / map_spread;
}

std::string Calibration::differences(const DetectorIdentity& other) const {
  std::vector<std::string> parts;
  const auto compare = [&](const char* what, const std::string& now, const std::string& calibrated) {
    if (now != calibrated) parts.push_back(fmt::format("{} is {}, calibrated was {}", what, now, calibrated));
  };
  compare("the perceptual distance", other.perceptual, detector.perceptual);
  compare("the latent rule", other.latent, detector.latent);
  compare("the backend", other.backend, detector.backend);
  compare("the precision", other.precision, detector.precision);
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<std::string> Calibration::subjects() const {
  std::vector<std::string> all = population.subjects;
  for (const Population& one : earlier) all.insert(all.end(), one.subjects.begin(), one.subjects.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

PixelThreshold pixel_threshold(std::span<const float> pixels, double percent) {
  if (pixels.empty()) throw Error(ErrorCode::kUsage, "a pixel threshold needs pixels of healthy images");
  HealthyThreshold found = *healthy_threshold(pixels, percent, kPaperSteps);
  if (found.threshold == 0.0 && percent_above_zero(pixels) > percent) {
    throw Error(ErrorCode::kUsage,
                fmt::format("more than {} % of the healthy pixels exceed every threshold below 1: the maps are "
                            "saturated, and a threshold would mean nothing",
                            percent));
  }
  if (found.mean_percent < percent / 2.0) found = *healthy_threshold(pixels, percent, kFineSteps);
  return {percent, found.threshold, found.mean_percent};
}

}  // namespace ra

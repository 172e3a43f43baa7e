#include "ra/evaluation/thresholding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr std::array<int, 3> kPercents = {1, 2, 5};

// The largest number of pixels that `percent` allows.
std::int64_t allowed(std::int64_t pixels, int percent) {
  return static_cast<std::int64_t>(static_cast<double>(percent) * static_cast<double>(pixels) / 100.0);
}

}  // namespace

HealthyPixels::HealthyPixels() : bins_(MapBins::logarithmic()) {
  for (int k = 0; k < kSteps; ++k) steps_.push_back(static_cast<float>(static_cast<double>(k) / kSteps));
  for (Counts* counts : {&all_, &brain_}) {
    counts->steps.assign(kSteps + 1, 0);
    counts->bins.assign(bins_.size(), 0);
  }
}

std::size_t HealthyPixels::step_of(float value) const {
  if (!(value > 0.0f)) return 0;
  if (value > steps_.back()) return kSteps;
  // Rounding may put the product beside the step: the steps themselves decide.
  auto step = static_cast<std::size_t>(value * static_cast<float>(kSteps));
  while (step > 0 && steps_[step - 1] >= value) --step;
  while (steps_[step] < value) ++step;
  return step;
}

void HealthyPixels::add(const at::Tensor& map, const at::Tensor& brain) {
  const at::Tensor values = map.contiguous(), inside = brain.to(at::kBool).contiguous();
  for (std::int64_t k = 0; k < values.numel(); ++k) {
    const float value = values.data_ptr<float>()[k];
    if (std::isnan(value)) throw Error(ErrorCode::kBadInput, "an anomaly map holds a value that is not a number");
    const std::size_t step = step_of(value), bin = bins_.bin(value);
    for (Counts* counts : {&all_, inside.data_ptr<bool>()[k] ? &brain_ : nullptr}) {
      if (counts == nullptr) continue;
      ++counts->steps[step];
      ++counts->bins[bin];
      ++counts->pixels;
    }
  }
}

void HealthyPixels::add_thresholds(const Counts& counts, const char* pixels,
                                   std::vector<HealthyMapThreshold>& thresholds) const {
  if (counts.pixels == 0) return;
  for (const int percent : kPercents) {
    const std::int64_t most = allowed(counts.pixels, percent);
    HealthyMapThreshold paper{pixels, "paper", percent, 0.0};  // 0 where even the largest step flags more
    std::int64_t above = counts.steps[kSteps];
    for (int k = kSteps - 1; k >= 0 && above <= most; --k) {
      paper.threshold = static_cast<double>(k) / kSteps;
      above += counts.steps[static_cast<std::size_t>(k)];
    }
    thresholds.push_back(paper);
    HealthyMapThreshold strict{pixels, "strict", percent, 0.0};
    above = 0;
    for (std::size_t bin = counts.bins.size() - 1; bin > 0; --bin) {
      above += counts.bins[bin];
      if (above > most) break;
      strict.threshold = bins_.lower_edge(static_cast<std::uint32_t>(bin));
    }
    thresholds.push_back(strict);
  }
}

std::vector<HealthyMapThreshold> HealthyPixels::thresholds() const {
  std::vector<HealthyMapThreshold> thresholds;
  add_thresholds(all_, "all", thresholds);
  add_thresholds(brain_, "brain", thresholds);
  return thresholds;
}

}  // namespace ra

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ra/tracking/metrics_log.h"
#include "ra/training/introspective_step.h"

namespace ra {

// Means over the samples of an epoch of the terms that the reference logs (REFERENCE.md, "Metric names").
class LossMeans {
 public:
  // Terms of a step on `samples` slices.
  void add(const StepTerms& terms, std::int64_t samples);
  void add(const WarmupTerms& terms, std::int64_t samples);

  // `Train/Loss_*`, null where the phase has no such term.
  MetricRow metrics() const;
  // Squared error of the reconstruction, summed over the pixels of an image.
  std::optional<double> squared_error() const { return mean(kRecErrors); }

 private:
  enum Term { kReal, kFake, kRec, kRecErrors, kExpFake, kExpRec, kEmbedding, kTerms };
  void add(Term term, const at::Tensor& value, std::int64_t samples);
  std::optional<double> mean(Term term) const;

  std::array<double, kTerms> sums_{};
  std::array<std::int64_t, kTerms> counts_{};
};

}  // namespace ra

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ra/tracking/metrics_log.h"
#include "ra/training/introspective_step.h"

namespace ra {

// Means over the samples of an epoch of the terms that the reference logs (REFERENCE.md, "Metric names").
class LossMeans {
 public:
  // What is kept while an epoch is not over.
  struct Sums {
    std::vector<double> sums;
    std::vector<std::int64_t> counts;
  };

  LossMeans() = default;
  // Goes on from sums(); kBadInput when they are those of another program.
  explicit LossMeans(const Sums& sums);
  Sums sums() const;

  // Terms of a step on `samples` slices.
  void add(const StepTerms& terms, std::int64_t samples);
  void add(const WarmupTerms& terms, std::int64_t samples);

  // `Train/Loss_*`, `Train/grad_norm_e` and `_d` (of encoder and decoder, before clipping) and
  // `Train/exp_saturated_share`, null where the phase has no such term.
  MetricRow metrics() const;
  // Squared error of the reconstruction, summed over the pixels of an image.
  std::optional<double> squared_error() const { return mean(kRecErrors); }

 private:
  enum Term {
    kReal,
    kFake,
    kRec,
    kRecErrors,
    kExpFake,
    kExpRec,
    kEmbedding,
    kGradientEncoder,
    kGradientDecoder,
    kSaturatedShare,
    kTerms
  };
  void add(Term term, const at::Tensor& value, std::int64_t samples);
  void add(Term term, double value, std::int64_t samples);
  std::optional<double> mean(Term term) const;

  std::array<double, kTerms> sums_{};
  std::array<std::int64_t, kTerms> counts_{};
};

}  // namespace ra

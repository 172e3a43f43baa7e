#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ra {

// Scores of the healthy images that a model was calibrated on, sorted; a new score is judged against them
// (split-conformal outlier detection; Bates et al., Annals of Statistics 2023). The model must not have been trained
// on these images.
class HealthyScores {
 public:
  // At least one score (kUsage); a NaN is kBadInput.
  explicit HealthyScores(std::vector<double> scores);

  // (1 + number of healthy scores >= score) / (n + 1): for a healthy image at most `a` with probability at most `a`.
  // In [1/(n+1), 1]; a NaN score is kBadInput.
  double p_value(double score) const;

  std::span<const double> sorted() const { return scores_; }

 private:
  std::vector<double> scores_;  // ascending
};

// The fewest healthy cases with which any p-value can reach `rate` in (0,1): the least n with 1 / (n + 1) <= rate.
std::size_t least_healthy_cases(double rate);

// kUsage that names the number needed if `count` is fewer.
void require_healthy_cases(std::size_t count, double rate);

}  // namespace ra

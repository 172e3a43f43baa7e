#pragma once

#include <string>
#include <vector>

namespace ra {

// How often intervals cover the truth when data are drawn from a known distribution. Used by the unit test with few
// trials and by benchmarks/quality/interval_coverage with many. A function of the sizes alone: seeds are fixed.
struct Coverage {
  std::string method;
  double nominal = 0.0;
  int covered = 0, trials = 0;

  double share() const { return static_cast<double>(covered) / trials; }
  double standard_error() const;  // of the share
};

struct SimulationSize {
  int trials = 200;
  int resamples = 500;
};

// AUROC of 100 independent cases, 40 of them ill, normal scores one apart: DeLong, bootstrap; the same with 30 cases
// and scores two apart: DeLong; the paired difference of two equally good scores: DeLong, bootstrap.
std::vector<Coverage> auroc_coverage(const SimulationSize& size);

// AUROC of 60 subjects with 8 images each, half of the variance between subjects: bootstrap by subject, and, to show
// what goes wrong, by image.
std::vector<Coverage> clustered_coverage(const SimulationSize& size);

// Pixel AUROC of 60 images of 24 x 24 with a third of the variance between images: bootstrap by image.
Coverage pixel_coverage(const SimulationSize& size);

// Wilson's interval of a rate of 5 % in 100 cases.
Coverage wilson_coverage(const SimulationSize& size);

// Conformal p-values with 59 healthy cases: share of new healthy cases not flagged at 5 %, every trial with its own
// healthy cases; the nominal value is exact, 57/60.
Coverage conformal_coverage(const SimulationSize& size);

}  // namespace ra

#include "ra/metrics/simulated_coverage.h"

#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "ra/base/random.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/metrics/conformal.h"
#include "ra/metrics/pixel_bootstrap.h"
#include "ra/metrics/rank_bootstrap.h"
#include "ra/metrics/rates.h"

namespace ra {
namespace {

constexpr double kLevel = 0.95;
constexpr std::array<RankMetric, 1> kAuroc = {RankMetric::kAuroc};

// Every simulation has its own stream.
CounterRandom stream(std::uint32_t simulation, int trial) {
  return CounterRandom(kDefaultSeed, 1000 + simulation, static_cast<std::uint32_t>(trial), Purpose::kLabelShuffle);
}

// AUROC of normal scores with equal spread whose means lie `shift` standard deviations apart.
double binormal_auroc(double shift) { return 0.5 * std::erfc(-shift / 2.0); }

void judge(Coverage& coverage, const std::optional<Interval>& interval, double truth) {
  ++coverage.trials;
  if (interval && interval->low <= truth && truth <= interval->high) ++coverage.covered;
}

struct Scored {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
  std::vector<std::int64_t> ids;

  void add(double score, bool ill, std::int64_t id = 0) {
    scores.push_back(score);
    labels.push_back(ill ? 1 : 0);
    ids.push_back(id);
  }
};

Scored binormal_cases(CounterRandom& random, int healthy, int ill, double shift) {
  Scored cases;
  for (int i = 0; i < healthy + ill; ++i) cases.add(random.normal() + (i < ill ? shift : 0.0), i < ill);
  return cases;
}

}  // namespace

double Coverage::standard_error() const { return std::sqrt(share() * (1.0 - share()) / trials); }

std::vector<Coverage> auroc_coverage(const SimulationSize& size) {
  Coverage delong{"DeLong, 40 ill of 100", kLevel}, boot{"bootstrap, 40 ill of 100", kLevel};
  Coverage small{"DeLong, 15 ill of 30, AUROC 0.92", kLevel};
  Coverage paired_delong{"DeLong paired difference", kLevel}, paired_boot{"bootstrap paired difference", kLevel};
  for (int trial = 0; trial < size.trials; ++trial) {
    CounterRandom random = stream(0, trial);
    const BootstrapOptions options{static_cast<std::uint64_t>(trial), size.resamples, kLevel};
    const Scored cases = binormal_cases(random, 60, 40, 1.0);
    judge(delong, delong_auroc_interval(cases.scores, cases.labels, kLevel), binormal_auroc(1.0));
    const auto first = bootstrap_ranking(cases.scores, cases.labels, {}, kAuroc, options);
    judge(boot, estimate(first[0], kLevel).interval, binormal_auroc(1.0));
    const Scored few = binormal_cases(random, 15, 15, 2.0);
    judge(small, auroc_estimate(few.scores, few.labels, kLevel).interval, binormal_auroc(2.0));
    // Two scores of one distribution and correlation 0.5: their AUROCs are equal.
    std::vector<double> other = cases.scores;
    for (std::size_t i = 0; i < other.size(); ++i) {
      const double mean = cases.labels[i] == 1 ? 1.0 : 0.0;
      other[i] = mean + 0.5 * (cases.scores[i] - mean) + std::sqrt(0.75) * random.normal();
    }
    judge(paired_delong, delong_difference(cases.scores, other, cases.labels, kLevel).interval, 0.0);
    const auto second = bootstrap_ranking(other, cases.labels, {}, kAuroc, options);
    judge(paired_boot, paired_difference(first[0], second[0], kLevel).interval, 0.0);
  }
  return {delong, boot, small, paired_delong, paired_boot};
}

std::vector<Coverage> clustered_coverage(const SimulationSize& size) {
  Coverage by_subject{"bootstrap by subject, 60 subjects of 8 images", kLevel};
  Coverage by_image{"bootstrap by image, the same (wrong)", kLevel};
  for (int trial = 0; trial < size.trials; ++trial) {
    CounterRandom random = stream(1, trial);
    Scored cases;
    for (int subject = 0; subject < 60; ++subject) {
      const double own = std::sqrt(0.5) * random.normal();
      for (int image = 0; image < 8; ++image) {
        const bool ill = subject % 2 == 0;
        cases.add(own + std::sqrt(0.5) * random.normal() + (ill ? 1.0 : 0.0), ill, subject);
      }
    }
    const BootstrapOptions options{static_cast<std::uint64_t>(trial), size.resamples, kLevel};
    const auto subjects = bootstrap_ranking(cases.scores, cases.labels, cases.ids, kAuroc, options);
    const auto images = bootstrap_ranking(cases.scores, cases.labels, {}, kAuroc, options);
    judge(by_subject, estimate(subjects[0], kLevel).interval, binormal_auroc(1.0));
    judge(by_image, estimate(images[0], kLevel).interval, binormal_auroc(1.0));
  }
  return {by_subject, by_image};
}

Coverage pixel_coverage(const SimulationSize& size) {
  constexpr std::int64_t kSide = 24;
  Coverage coverage{"pixel AUROC, bootstrap by image, 60 images", kLevel};
  std::vector<float> edges;
  for (int k = -200; k <= 200; ++k) edges.push_back(static_cast<float>(k) * 0.025f);
  const MapBins bins(edges);
  for (int trial = 0; trial < size.trials; ++trial) {
    CounterRandom random = stream(2, trial);
    std::vector<PixelCounts> images;
    for (int i = 0; i < 60; ++i) {
      const double own = std::sqrt(1.0 / 3.0) * random.normal();
      const auto side = static_cast<std::int64_t>(i % 2 == 0 ? 4 + random.below(5) : 0);
      std::vector<float> map(kSide * kSide);
      std::vector<std::uint8_t> truth(map.size());
      for (std::int64_t k = 0; k < kSide * kSide; ++k) {
        const bool ill = k % kSide < side && k / kSide < side;
        truth[static_cast<std::size_t>(k)] = ill ? 1 : 0;
        map[static_cast<std::size_t>(k)] =
            static_cast<float>(own + std::sqrt(2.0 / 3.0) * random.normal() + (ill ? 1.0 : 0.0));
      }
      images.push_back(count_pixels(map, truth, {}, kSide, kSide, bins));
    }
    const PixelReplicates replicates =
        bootstrap_pixels(images, bins, {}, {static_cast<std::uint64_t>(trial), size.resamples, kLevel});
    judge(coverage, estimate(replicates.auroc, kLevel).interval, binormal_auroc(1.0));
  }
  return coverage;
}

Coverage wilson_coverage(const SimulationSize& size) {
  Coverage coverage{"Wilson, 5 % of 100", kLevel};
  for (int trial = 0; trial < size.trials; ++trial) {
    CounterRandom random = stream(3, trial);
    std::int64_t successes = 0;
    for (int i = 0; i < 100; ++i) successes += random.chance(0.05);
    judge(coverage, rate_estimate(successes, 100, kLevel).interval, 0.05);
  }
  return coverage;
}

Coverage conformal_coverage(const SimulationSize& size) {
  Coverage coverage{"conformal p > 0.05, 59 healthy cases", 57.0 / 60.0};
  for (int trial = 0; trial < size.trials; ++trial) {
    CounterRandom random = stream(4, trial);
    std::vector<double> scores(59);
    for (double& score : scores) score = random.normal();
    ++coverage.trials;
    if (HealthyScores(scores).p_value(random.normal()) > 0.05) ++coverage.covered;
  }
  return coverage;
}

}  // namespace ra

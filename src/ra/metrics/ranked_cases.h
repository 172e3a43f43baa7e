#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ra/metrics/roc.h"

namespace ra {

// Cases sorted by score once, so that the ROC steps of every resample cost one pass without sorting.
class RankedCases {
 public:
  // Input as for roc_steps(). cluster_of_case: which weight counts for a case; empty: every case has its own.
  RankedCases(std::span<const double> scores, std::span<const std::uint8_t> labels,
              std::span<const std::uint32_t> cluster_of_case = {});

  // Every case once.
  std::vector<RocStep> steps() const;

  // Every case as often as its cluster weighs, into `steps`; scores without weight make no step.
  void weighted_steps(std::span<const std::uint32_t> cluster_weights, std::vector<RocStep>& steps) const;

 private:
  // One distinct score; its cases end at `end`.
  struct Tie {
    double score;
    std::size_t end;
  };
  std::vector<Tie> ties_;                // descending
  std::vector<std::uint32_t> clusters_;  // of the sorted cases
  std::vector<std::uint8_t> labels_;     // of the sorted cases
  std::size_t cluster_count_ = 0;
};

}  // namespace ra

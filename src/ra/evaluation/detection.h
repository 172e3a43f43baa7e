#pragma once

#include "ra/evaluation/case_statistics.h"

namespace ra {

// Global detection: every set with pathological cases against the healthy cases of the `Normal` sets (of all sets
// where none is called so; an image of several sets counts once), and, in group "within", against its own healthy
// cases. Adds rows of protocol "detection" for every method: mode "paper" as the reference computes them, mode "strict"
// with intervals (by subject where one has several cases, else DeLong for the AUROC), the detector's AUROC minus each
// opponent's, the AUROC of its scores with the labels shuffled (a control: chance), and the curves.
void add_detection(EvaluationResults& results, const BootstrapOptions& options);

// Scores and labels of a comparison.
struct Ranking {
  CaseList cases;
  std::vector<std::uint8_t> labels;  // 1: pathological

  std::vector<double> scores(std::size_t method, bool maximum) const;
  std::vector<std::size_t> n() const;  // {healthy, pathological}
};

// Healthy cases first.
Ranking rank_cases(const CaseList& healthy, const CaseList& pathological);

// AUROC with the interval that fits the cases, named in `kind`. Cases that share a subject are never taken as
// independent: where the bootstrap by subject says nothing, there is no interval but a reason.
Estimate auroc_of(const Ranking& ranking, std::span<const double> scores, const BootstrapOptions& options,
                  std::string& kind);

}  // namespace ra

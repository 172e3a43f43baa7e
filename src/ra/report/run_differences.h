#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ra/metrics/estimate.h"
#include "ra/report/page_files.h"

namespace ra {

// A number of one run minus that of the first run, on the cases (set, image and slice) or boxes that both have.
struct RunDifference {
  std::string evaluation, set, metric;
  std::string score;      // that a ranking is of: "mean" or "maximum"; empty otherwise
  std::string run;        // the one that the first is taken from
  std::size_t cases = 0;  // cases, or boxes, that both runs have
  std::string unit;       // what belongs together: "subjects", "images", or both where only some subjects are known
  std::string test;       // where interval and p-value are from
  Difference difference;
};

// For every run but the first and every evaluation of the same name in both, paired tests:
// - AUROC and average precision of each set's pathological cases against the healthy ones of the `Normal` sets (of all
//   where none is called so), of both image scores. AUROC: DeLong where no subject has several cases, else paired
//   bootstrap by subject.
// - Means over each set of the columns that both have of mae, mse, psnr, ssim, perceptual distance and dice: paired
//   bootstrap for the interval, sign flips for the p-value.
// - Rates of boxes found, in both modes: paired bootstrap for the interval; McNemar's test where every box is
//   of another subject, else sign flips of subjects.
// No interval where the differences of all resamples are equal, and no p-value either where the values are; both with
// the reason. The same seed for all, which pairs the resamples.
std::vector<RunDifference> run_differences(const std::vector<RunFiles>& runs);

// One row a difference; `docs/report.md` lists the columns.
std::string differences_csv(const std::vector<RunDifference>& differences);
Json differences_json(const std::vector<RunDifference>& differences);

}  // namespace ra

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ra/metrics/estimate.h"
#include "ra/report/page_body.h"
#include "ra/report/page_files.h"

namespace ra {

// A number of one run minus that of the first run, on the cases (set and image) that both have.
struct RunDifference {
  std::string evaluation, set, metric;
  std::string run;        // the one that the first is taken from
  std::size_t cases = 0;  // that both runs have
  std::string unit;       // what the resamples draw: subjects or images
  Difference difference;
};

// For every run but the first and every evaluation of the same name in both: AUROC and average precision of each set
// with pathological cases against all healthy cases, and the means of mae, ssim and dice over each set. Bootstrap by
// subject where every case has one, by image otherwise; the same seed for all, which pairs the resamples.
std::vector<RunDifference> run_differences(const std::vector<RunFiles>& runs);

// The runs side by side: their metrics in columns, and the differences. Nothing with one run.
void add_comparison_section(PageBody& body, const std::vector<RunFiles>& runs,
                            const std::vector<RunDifference>& differences);

std::string differences_csv(const std::vector<RunDifference>& differences);

}  // namespace ra

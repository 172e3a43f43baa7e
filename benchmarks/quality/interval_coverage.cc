// Prints how often the intervals of src/ra/metrics cover the truth in simulated data, with the standard error of that
// share: interval_coverage [TRIALS] (default 2000, about a minute on one core).

#include <fmt/core.h>

#include <cstdlib>
#include <vector>

#include "ra/metrics/simulated_coverage.h"

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 2000;
  if (trials < 2) {
    fmt::print(stderr, "interval_coverage [TRIALS], at least 2\n");
    return 2;
  }
  std::vector<ra::Coverage> all = ra::auroc_coverage({trials, 1000});
  for (const ra::Coverage& coverage : ra::clustered_coverage({trials, 1000})) all.push_back(coverage);
  all.push_back(ra::pixel_coverage({trials, 1000}));
  all.push_back(ra::wilson_coverage({10 * trials, 0}));
  all.push_back(ra::conformal_coverage({10 * trials, 0}));
  fmt::print("{:<50} {:>8} {:>8} {:>8} {:>8}\n", "method", "nominal", "covered", "error", "trials");
  for (const ra::Coverage& coverage : all) {
    fmt::print("{:<50} {:>8.4f} {:>8.4f} {:>8.4f} {:>8}\n", coverage.method, coverage.nominal, coverage.share(),
               coverage.standard_error(), coverage.trials);
  }
}

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/metrics/simulated_coverage.h"

namespace ra {
namespace {

// Within 3.5 standard errors of a share of 0.95, and of the 1.5 points that these sample sizes may cost.
void expect_nominal(const Coverage& coverage) {
  EXPECT_NEAR(coverage.share(), coverage.nominal, 0.015 + 3.5 * std::sqrt(0.95 * 0.05 / coverage.trials))
      << coverage.method;
}

TEST(Coverage, OfAurocIntervalsIsNominal) {
  for (const Coverage& coverage : auroc_coverage({300, 300})) expect_nominal(coverage);
}

TEST(Coverage, OfTheBootstrapNeedsTheSubjects) {
  const std::vector<Coverage> coverage = clustered_coverage({200, 200});
  expect_nominal(coverage[0]);
  EXPECT_LT(coverage[1].share(), 0.8);
}

TEST(Coverage, OfPixelIntervalsIsNominal) { expect_nominal(pixel_coverage({60, 200})); }

TEST(Coverage, OfRatesIsNominal) { expect_nominal(wilson_coverage({2000, 0})); }

TEST(Coverage, OfConformalPValuesIsNominal) { expect_nominal(conformal_coverage({4000, 0})); }

}  // namespace
}  // namespace ra

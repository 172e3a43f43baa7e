#include "ra/evaluation/pseudo_healthy.h"

#include <limits>
#include <string>
#include <vector>

namespace ra {
namespace {

struct Quality {
  std::string metric;
  double (*of)(const CaseRecord&);
};
std::vector<Quality> qualities(const EvaluationResults& results) {
  return {
      {"mae", [](const CaseRecord& one) { return one.mae; }},
      {"mse", [](const CaseRecord& one) { return one.mse; }},
      {"psnr", [](const CaseRecord& one) { return one.psnr.value_or(std::numeric_limits<double>::quiet_NaN()); }},
      {"ssim", [](const CaseRecord& one) { return one.ssim; }},
      {results.distance_name(), [](const CaseRecord& one) { return one.perceptual_distance; }},
  };
}

}  // namespace

void add_reconstruction(EvaluationResults& results, const BootstrapOptions& options) {
  for (std::size_t set = 0; set < results.sets.size(); ++set) {
    const CaseList cases = cases_where(results, [&](const CaseRecord& one) { return one.set == set; });
    if (cases.empty()) continue;
    for (const Quality& quality : qualities(results)) {
      std::vector<double> values;
      for (const CaseRecord* one : cases) values.push_back(quality.of(*one));
      EvaluatedMetric row;
      row.protocol = "reconstruction";
      row.set = results.sets[set];
      row.method = "ra";
      row.metric = quality.metric;
      row.mode = "strict";
      results.metrics.push_back(with_mean(std::move(row), cases, values, options));
    }
  }
}

}  // namespace ra

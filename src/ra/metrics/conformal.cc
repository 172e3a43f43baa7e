#include "ra/metrics/conformal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ra/base/error.h"

namespace ra {

HealthyScores::HealthyScores(std::vector<double> scores) : scores_(std::move(scores)) {
  if (scores_.empty()) throw Error(ErrorCode::kUsage, "calibration needs the score of at least one healthy image");
  if (std::any_of(scores_.begin(), scores_.end(), [](double score) { return std::isnan(score); })) {
    throw Error(ErrorCode::kBadInput, "a healthy score is not a number");
  }
  std::sort(scores_.begin(), scores_.end());
}

double HealthyScores::p_value(double score) const {
  if (std::isnan(score)) throw Error(ErrorCode::kBadInput, "a score is not a number and has no p-value");
  const auto first = std::lower_bound(scores_.begin(), scores_.end(), score);
  const auto as_high = static_cast<double>(scores_.end() - first);
  return (1.0 + as_high) / (static_cast<double>(scores_.size()) + 1.0);
}

std::size_t least_healthy_cases(double rate) {
  if (!(rate > 0.0 && rate < 1.0)) throw Error(ErrorCode::kUsage, "a false positive rate must lie between 0 and 1");
  double cases = std::ceil(1.0 / rate) - 1.0;
  // 1 / rate is rounded; what counts is the comparison that the p-value meets.
  while (cases > 1.0 && 1.0 / cases <= rate) cases -= 1.0;
  while (1.0 / (cases + 1.0) > rate) cases += 1.0;
  return static_cast<std::size_t>(cases);
}

void require_healthy_cases(std::size_t count, double rate) {
  const std::size_t needed = least_healthy_cases(rate);
  if (count >= needed) return;
  throw Error(
      ErrorCode::kUsage,
      fmt::format("a false positive rate of {} needs at least {} healthy cases, there are {}", rate, needed, count));
}

}  // namespace ra

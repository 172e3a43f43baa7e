#include "ra/metrics/normal_distribution.h"

#include <cmath>
#include <numbers>

#include "ra/base/error.h"

namespace ra {

double normal_quantile(double p) {
  if (!(p > 0.0 && p < 1.0)) throw Error(ErrorCode::kUsage, "a normal quantile needs a probability between 0 and 1");
  if (p == 0.5) return 0.0;
  if (p > 0.5) return -normal_quantile(1.0 - p);
  // Abramowitz and Stegun 26.2.23 within 5e-4, then Halley's steps.
  const double t = std::sqrt(-2.0 * std::log(p));
  double x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (int step = 0; step < 3; ++step) {
    const double error = normal_distribution(x) - p;
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    const double newton = error / density;
    x -= newton / (1.0 + 0.5 * x * newton);
  }
  return x;
}

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double normal_two_sided_p_value(double z) { return std::erfc(std::abs(z) / std::numbers::sqrt2); }

double normal_half_width(double level) { return normal_quantile(0.5 + 0.5 * level); }

}  // namespace ra

#pragma once

namespace ra {

// The standard normal distribution.

// x with P(X <= x) = p, to about 1e-15 relative; p in (0,1), kUsage otherwise.
double normal_quantile(double p);

// P(X <= x).
double normal_distribution(double x);

// P(|X| >= |z|).
double normal_two_sided_p_value(double z);

// Half the width, in standard errors, of a two-sided interval at `level` in (0,1): 1.96 for 0.95.
double normal_half_width(double level);

}  // namespace ra

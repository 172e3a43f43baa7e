#pragma once

#include <span>

#include "ra/metrics/metric_value.h"

namespace ra {

// Errors between two images of the same, non-zero number of pixels (kUsage otherwise), summed in double.

double mean_absolute_error(std::span<const float> first, std::span<const float> second);
double mean_squared_error(std::span<const float> first, std::span<const float> second);

// 10 log10(data_range^2 / MSE) in dB. Undefined (infinite) for equal images.
MetricValue peak_signal_to_noise_ratio(std::span<const float> first, std::span<const float> second,
                                       double data_range = 1.0);

}  // namespace ra

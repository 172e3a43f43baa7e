#include "ra/metrics/image_error.h"

#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

template <class Loss>
double mean_loss(std::span<const float> first, std::span<const float> second, Loss loss) {
  if (first.size() != second.size() || first.empty()) {
    throw Error(ErrorCode::kUsage,
                fmt::format("images of {} and {} pixels have no error between them", first.size(), second.size()));
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    sum += loss(static_cast<double>(first[i]) - static_cast<double>(second[i]));
  }
  return sum / static_cast<double>(first.size());
}

}  // namespace

double mean_absolute_error(std::span<const float> first, std::span<const float> second) {
  return mean_loss(first, second, [](double error) { return std::abs(error); });
}

double mean_squared_error(std::span<const float> first, std::span<const float> second) {
  return mean_loss(first, second, [](double error) { return error * error; });
}

MetricValue peak_signal_to_noise_ratio(std::span<const float> first, std::span<const float> second, double data_range) {
  if (!(data_range > 0.0)) throw Error(ErrorCode::kUsage, "PSNR needs a data range above 0");
  const double error = mean_squared_error(first, second);
  if (error == 0.0) return MetricValue::undefined("the images are equal, PSNR is infinite");
  return MetricValue::of(10.0 * std::log10(data_range * data_range / error));
}

}  // namespace ra

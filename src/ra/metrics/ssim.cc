#include "ra/metrics/ssim.h"

#include <vector>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr std::int64_t kWindow = 7;
constexpr double kC1 = 0.01 * 0.01;
constexpr double kC2 = 0.03 * 0.03;

// First and second moments of two images, summed over a window or a part of it.
struct Sums {
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
};

double similarity(const Sums& sums) {
  constexpr double kCount = kWindow * kWindow, kSample = kCount / (kCount - 1);
  const double a = sums.a / kCount, b = sums.b / kCount;
  const double variance_a = kSample * (sums.aa / kCount - a * a);
  const double variance_b = kSample * (sums.bb / kCount - b * b);
  const double covariance = kSample * (sums.ab / kCount - a * b);
  return (2 * a * b + kC1) * (2 * covariance + kC2) / ((a * a + b * b + kC1) * (variance_a + variance_b + kC2));
}

// The sums of every column over the window's rows, from `row` on.
void sum_columns(std::span<const float> first, std::span<const float> second, std::int64_t columns, std::int64_t row,
                 std::vector<Sums>& sums) {
  sums.assign(static_cast<std::size_t>(columns), {});
  for (std::int64_t y = row; y < row + kWindow; ++y) {
    for (std::int64_t x = 0; x < columns; ++x) {
      const auto at = static_cast<std::size_t>(y * columns + x);
      const double u = first[at], v = second[at];
      Sums& sum = sums[static_cast<std::size_t>(x)];
      sum.a += u;
      sum.b += v;
      sum.aa += u * u;
      sum.bb += v * v;
      sum.ab += u * v;
    }
  }
}

Sums sum_window(const Sums* columns) {
  Sums sums;
  for (std::int64_t k = 0; k < kWindow; ++k) {
    sums.a += columns[k].a;
    sums.b += columns[k].b;
    sums.aa += columns[k].aa;
    sums.bb += columns[k].bb;
    sums.ab += columns[k].ab;
  }
  return sums;
}

}  // namespace

double ssim(std::span<const float> first, std::span<const float> second, std::int64_t columns, std::int64_t rows) {
  if (columns < kWindow || rows < kWindow) throw Error(ErrorCode::kUsage, "SSIM needs images of at least 7x7 pixels");
  if (first.size() != second.size() || first.size() != static_cast<std::size_t>(columns * rows)) {
    throw Error(ErrorCode::kUsage, "SSIM needs two images of the stated size");
  }
  double sum = 0;
  std::vector<Sums> of_column;
  for (std::int64_t row = 0; row + kWindow <= rows; ++row) {
    sum_columns(first, second, columns, row, of_column);
    for (std::int64_t column = 0; column + kWindow <= columns; ++column) {
      sum += similarity(sum_window(of_column.data() + column));
    }
  }
  return sum / static_cast<double>((columns - kWindow + 1) * (rows - kWindow + 1));
}

}  // namespace ra

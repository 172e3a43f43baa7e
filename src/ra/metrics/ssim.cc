#include "ra/metrics/ssim.h"

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr std::int64_t kWindow = 7;
constexpr double kC1 = 0.01 * 0.01;
constexpr double kC2 = 0.03 * 0.03;

// Similarity of the window whose top left pixel is (column, row).
double window_similarity(std::span<const float> first, std::span<const float> second, std::int64_t columns,
                         std::int64_t column, std::int64_t row) {
  constexpr double kCount = kWindow * kWindow;
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (std::int64_t y = row; y < row + kWindow; ++y) {
    for (std::int64_t x = column; x < column + kWindow; ++x) {
      const auto at = static_cast<std::size_t>(y * columns + x);
      const double u = first[at], v = second[at];
      a += u;
      b += v;
      aa += u * u;
      bb += v * v;
      ab += u * v;
    }
  }
  a /= kCount;
  b /= kCount;
  constexpr double kSample = kCount / (kCount - 1);
  const double variance_a = kSample * (aa / kCount - a * a);
  const double variance_b = kSample * (bb / kCount - b * b);
  const double covariance = kSample * (ab / kCount - a * b);
  return (2 * a * b + kC1) * (2 * covariance + kC2) / ((a * a + b * b + kC1) * (variance_a + variance_b + kC2));
}

}  // namespace

double ssim(std::span<const float> first, std::span<const float> second, std::int64_t columns, std::int64_t rows) {
  if (columns < kWindow || rows < kWindow) throw Error(ErrorCode::kUsage, "SSIM needs images of at least 7x7 pixels");
  if (first.size() != second.size() || first.size() != static_cast<std::size_t>(columns * rows)) {
    throw Error(ErrorCode::kUsage, "SSIM needs two images of the stated size");
  }
  double sum = 0;
  for (std::int64_t row = 0; row + kWindow <= rows; ++row) {
    for (std::int64_t column = 0; column + kWindow <= columns; ++column) {
      sum += window_similarity(first, second, columns, column, row);
    }
  }
  return sum / static_cast<double>((columns - kWindow + 1) * (rows - kWindow + 1));
}

}  // namespace ra

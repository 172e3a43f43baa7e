#include "ra/metrics/image_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/metrics/ssim.h"

namespace ra {
namespace {

constexpr std::int64_t kSide = 20;

std::vector<float> random_image(std::uint32_t index) {
  CounterRandom random(10, 0, index, Purpose::kBrainImaging);
  std::vector<float> image(kSide * kSide);
  for (float& pixel : image) pixel = static_cast<float>(random.uniform());
  return image;
}

TEST(ImageErrors, AreZeroForEqualImagesAndSymmetric) {
  const auto a = random_image(1), b = random_image(2);
  EXPECT_EQ(mean_absolute_error(a, a), 0.0);
  EXPECT_EQ(mean_squared_error(a, a), 0.0);
  EXPECT_EQ(mean_absolute_error(a, b), mean_absolute_error(b, a));
  EXPECT_EQ(mean_squared_error(a, b), mean_squared_error(b, a));
  EXPECT_EQ(peak_signal_to_noise_ratio(a, b).value, peak_signal_to_noise_ratio(b, a).value);
  EXPECT_LE(mean_absolute_error(a, b), std::sqrt(mean_squared_error(a, b)));
}

TEST(ImageErrors, MeasureAConstantOffset) {
  const std::vector<float> zeros(50, 0.0f), quarters(50, 0.25f);
  EXPECT_EQ(mean_absolute_error(zeros, quarters), 0.25);
  EXPECT_EQ(mean_squared_error(zeros, quarters), 0.0625);
  EXPECT_NEAR(*peak_signal_to_noise_ratio(zeros, quarters).value, 20.0 * std::log10(4.0), 1e-12);
  EXPECT_NEAR(*peak_signal_to_noise_ratio(zeros, quarters, 255.0).value, 20.0 * std::log10(4.0 * 255.0), 1e-12);
}

TEST(PeakSignalToNoiseRatio, IsUndefinedForEqualImages) {
  const auto image = random_image(3);
  EXPECT_FALSE(peak_signal_to_noise_ratio(image, image).value);
  EXPECT_EQ(peak_signal_to_noise_ratio(image, image).reason, "the images are equal, PSNR is infinite");
}

TEST(ImageErrors, RefuseTwoSizesAndNothing) {
  const std::vector<float> some(4), fewer(3);
  EXPECT_THROW(mean_absolute_error(some, fewer), Error);
  EXPECT_THROW(mean_squared_error({}, {}), Error);
  EXPECT_THROW(peak_signal_to_noise_ratio(some, some, 0.0), Error);
}

// The definition, window by window.
double ssim_by_definition(const std::vector<float>& a, const std::vector<float>& b, int columns, int rows) {
  double sum = 0.0;
  int windows = 0;
  for (int y = 0; y + 7 <= rows; ++y) {
    for (int x = 0; x + 7 <= columns; ++x, ++windows) {
      const auto mean_of = [&](auto value) {
        double total = 0.0;
        for (int k = 0; k < 49; ++k) total += value(static_cast<std::size_t>((y + k / 7) * columns + x + k % 7));
        return total / 49.0;
      };
      const double ma = mean_of([&](std::size_t k) { return a[k]; }), mb = mean_of([&](std::size_t k) { return b[k]; });
      const double va = mean_of([&](std::size_t k) { return (a[k] - ma) * (a[k] - ma); }) * 49.0 / 48.0;
      const double vb = mean_of([&](std::size_t k) { return (b[k] - mb) * (b[k] - mb); }) * 49.0 / 48.0;
      const double ab = mean_of([&](std::size_t k) { return (a[k] - ma) * (b[k] - mb); }) * 49.0 / 48.0;
      sum += (2 * ma * mb + 1e-4) * (2 * ab + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
    }
  }
  return sum / windows;
}

TEST(Ssim, IsTheMeanOverAllWindowsOfAnOblongImage) {
  const auto a = random_image(4), b = random_image(5);  // 400 pixels
  EXPECT_NEAR(ssim(a, b, 16, 25), ssim_by_definition(a, b, 16, 25), 1e-12);
  EXPECT_NEAR(ssim(a, b, 50, 8), ssim_by_definition(a, b, 50, 8), 1e-12);
}

TEST(Ssim, IsOneForEqualImagesSymmetricAndBounded) {
  const auto a = random_image(1), b = random_image(2);
  EXPECT_NEAR(ssim(a, a, kSide, kSide), 1.0, 1e-12);
  EXPECT_EQ(ssim(a, b, kSide, kSide), ssim(b, a, kSide, kSide));
  EXPECT_LT(ssim(a, b, kSide, kSide), 0.5);
  EXPECT_GE(ssim(a, b, kSide, kSide), -1.0);
  EXPECT_THROW(ssim(a, b, kSide, 6), Error);
  EXPECT_THROW(ssim(a, b, kSide, kSide + 1), Error);
}

}  // namespace
}  // namespace ra

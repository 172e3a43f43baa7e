#include "ra/transforms/device_clahe.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "ra/io/read_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/shared_data.h"
#include "ra/transforms/clahe.h"
#include "ra/transforms/input.h"

namespace ra {
namespace {

// In [0,1).
at::Tensor random_images(at::IntArrayRef shape) {
  return at::rand(shape, at::make_generator<at::CPUGeneratorImpl>(7), at::kFloat);
}

void expect_same_bits(const at::Tensor& images) {
  const at::Tensor result = clahe_by_tensors(images), expected = clahe(images);
  ASSERT_EQ(result.sizes(), images.sizes());
  EXPECT_TRUE(at::equal(result.view(at::kInt), expected.contiguous().view(at::kInt)))
      << images.sizes() << ", largest difference " << (result - expected).abs().max().item<float>();
}

TEST(ClaheByTensors, EqualsClaheOnNoiseOfAnySize) {
  for (const std::int64_t images : {1, 3}) {
    expect_same_bits(random_images({images, 128, 128}));
    expect_same_bits(random_images({images, 37, 53}) * 2 - 1);
    expect_same_bits(random_images({images, 100, 250}));
  }
  for (const std::int64_t rows : {1, 2, 7, 8, 9, 23, 33}) {
    for (const std::int64_t columns : {1, 5, 16, 31}) expect_same_bits(random_images({2, rows, columns}));
  }
}

// Most pixels are beyond the limit: all the work of clipping and of handing out the rest.
TEST(ClaheByTensors, EqualsClaheOnFewLevels) {
  for (const double levels : {1.0, 2.0, 3.0, 10.0, 40.0}) {
    for (const std::int64_t side : {48, 128, 203}) {
      expect_same_bits((random_images({3, side, side + 5}) * levels).round() / levels);
    }
  }
}

// Tiles of 16x16 pixels, limit 2: the bins 0..49 and 156..205 are full, bin 0 holds one too many, and 156 bins are
// below. Every 156th bin is tried, and the first 50 starts meet full ones alone.
TEST(ClaheByTensors, EqualsClaheWhereTheRestFitsLate) {
  std::vector<float> pixels{0.0f, 1.0f};
  const auto add = [&](int first, int last, int times) {
    for (int k = 0; k < times; ++k) {
      for (int bin = first; bin <= last; ++bin) pixels.push_back(static_cast<float>(bin * 65 + 20) / 16383.0f);
    }
  };
  add(0, 49, 2);
  add(156, 205, 2);
  add(60, 113, 1);
  ASSERT_EQ(pixels.size(), 256u);
  expect_same_bits(at::tensor(pixels).view({1, 16, 16}).repeat({2, 8, 8}));
}

TEST(ClaheByTensors, EqualsClaheOnFlatAreasAndGradients) {
  const at::Tensor y = at::linspace(-1, 1, 150, at::kFloat).view({-1, 1}), x = at::linspace(-1, 1, 128, at::kFloat);
  const at::Tensor disc = (y * y + x * x).lt(0.6);
  const at::Tensor gradient = (y * 3).sin() * (x * 2 + 1).cos();
  expect_same_bits(at::stack({gradient, (y + x) / 2, at::where(disc, gradient.abs(), 0.0), disc.to(at::kFloat)}));
}

TEST(ClaheByTensors, EqualsClaheOnConstantImagesBesideOthers) {
  const at::Tensor images = random_images({6, 40, 56});
  for (const std::int64_t image : {0, 1, 2, 4}) images[image].fill_(0.5 * static_cast<double>(image) - 1.0);
  expect_same_bits(images);
}

TEST(ClaheByTensors, TakesAnyLayout) {
  const at::Tensor images = random_images({2, 30, 44});
  for (const at::Tensor& taken : {images[1], images.transpose(1, 2), images.slice(2, 3, 40)}) expect_same_bits(taken);
}

TEST(ClaheByTensors, EqualsClaheOnRealSlices) {
  RA_SHARED_OR_SKIP(folder, "data/ixi_mid_axial");
  std::vector<at::Tensor> slices;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".png") continue;
    slices.push_back(prepare_slice(read_image(entry.path()), InputOptions{}).pixels);
    if (slices.size() == 6) break;
  }
  ASSERT_FALSE(slices.empty());
  expect_same_bits(at::cat(slices));
}

TEST(ClaheByTensors, RefusesValuesThatItCannotCode) {
  for (const double value : {1.2, -1.01, static_cast<double>(NAN)}) {
    const at::Tensor images = at::zeros({2, 8, 8});
    images[1][3][4] = value;
    testing::expect_error(ErrorCode::kBadInput, {"[-1, 1]"}, [&] { clahe_by_tensors(images); });
  }
  testing::expect_error(ErrorCode::kBadInput, {"float32"}, [] { clahe_by_tensors(at::zeros({8, 8}, at::kDouble)); });
  testing::expect_error(ErrorCode::kBadInput, {"float32"}, [] { clahe_by_tensors(at::zeros({8})); });
}

}  // namespace
}  // namespace ra

#include "ra/transforms/input.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ra/testing/expect_error.h"
#include "ra/transforms/percentile.h"

namespace ra {
namespace {

using testing::expect_error;

Image picture(std::int64_t rows, std::int64_t columns, std::vector<float> pixels,
              ImageFormat format = ImageFormat::kPng, PixelType type = PixelType::kUint8, std::int64_t channels = 1) {
  return {.columns = columns,
          .rows = rows,
          .slices = 1,
          .channels = channels,
          .pixels = std::move(pixels),
          .format = format,
          .pixel_type = type,
          .world_from_voxel = std::nullopt};
}

// Prepared at its own size, so that the resize changes nothing.
std::vector<float> prepared(const Image& image, InputScaling scaling, int channels = 1) {
  const int side = static_cast<int>(std::max(image.rows, image.columns));
  const at::Tensor pixels =
      prepare_slice(image, {.image_size = side, .image_channels = channels, .scaling = scaling}).pixels;
  EXPECT_EQ(pixels.sizes(), at::IntArrayRef({channels, side, side}));
  return {pixels.const_data_ptr<float>(), pixels.const_data_ptr<float>() + pixels.numel()};
}

constexpr auto kNative = InputScaling::kNative;
constexpr auto kReference = InputScaling::kReference;

TEST(PrepareSlice, DividesPicturesByTheirFullScale) {
  EXPECT_EQ(prepared(picture(2, 2, {0, 51, 102, 255}), kNative), (std::vector<float>{0, 0.2f, 0.4f, 1}));
  EXPECT_EQ(prepared(picture(2, 2, {0, 51, 102, 255}, ImageFormat::kJpeg), kNative),
            (std::vector<float>{0, 0.2f, 0.4f, 1}));
  EXPECT_EQ(prepared(picture(2, 2, {0, 13107, 26214, 65535}, ImageFormat::kPng, PixelType::kUint16), kNative),
            (std::vector<float>{0, 0.2f, 0.4f, 1}));
  // A dark 8-bit picture stays dark, though its greatest code is 1.
  EXPECT_EQ(prepared(picture(2, 2, {0, 1, 0, 1}), kReference)[1], 1.0f / 255.0f);
}

TEST(PrepareSlice, KeepsFloatArraysThatLieInTheUnitRange) {
  const std::vector<float> values{0, 0.25f, 0.5f, 0.75f};
  EXPECT_EQ(prepared(picture(2, 2, values, ImageFormat::kNpy, PixelType::kFloat), kNative), values);
}

TEST(PrepareSlice, DividesEverythingElseByItsBrightPercentile) {
  std::vector<float> values(100);
  for (int i = 0; i < 100; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(10 * i - 50);
  for (const ImageFormat format : {ImageFormat::kNifti, ImageFormat::kNpy}) {
    const Image image = picture(10, 10, values, format, PixelType::kUint8);
    const PreparedSlice slice = prepare_slice(image, {.image_size = 10});
    EXPECT_NEAR(slice.divisor, 935.05, 0.01);  // position 98.505 of 0, ..., 930, 940
    EXPECT_EQ(slice.pixels[0][0][0].item<float>(), 0.0f);
    EXPECT_EQ(slice.pixels[0][9][9].item<float>(), 1.0f);
    EXPECT_NEAR(slice.pixels[0][5][0].item<float>(), 450.0 / 935.05, 1e-6);
  }
  const Image unit = picture(2, 2, {0, 0.1f, 0.2f, 0.4f}, ImageFormat::kNifti, PixelType::kFloat);
  EXPECT_EQ(prepared(unit, kNative)[3], 1.0f);
}

TEST(PrepareSlice, ScalesAsTheReferenceOnRequest) {
  const Image array = picture(2, 2, {0, 0.5f, 0.999f, 1}, ImageFormat::kNpy, PixelType::kFloat);
  EXPECT_EQ(prepared(array, kReference), (std::vector<float>{0, 127 / 255.0f, 254 / 255.0f, 1}));
  const Image deep = picture(2, 2, {0, 255, 51, 65535}, ImageFormat::kPng, PixelType::kUint16);
  EXPECT_EQ(prepared(deep, kReference), (std::vector<float>{0, 1, 0.2f, 257}));
  const Image outside = picture(2, 2, {0, 0.5f, 1, 2}, ImageFormat::kNpy, PixelType::kFloat);
  expect_error(ErrorCode::kBadInput, {"[0, 1]", "native"}, [&] { prepared(outside, kReference); });
}

TEST(PrepareSlice, PadsToASquareWithTheMinimumAndTheOddPixelAtTheEnd) {
  EXPECT_EQ(
      prepared(picture(1, 4, {51, 102, 255, 255}), kNative),
      (std::vector<float>{0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.4f, 1, 1, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f}));
}

TEST(PrepareSlice, ResizesWithHalfPixelCentresAndNoAntialias) {
  const at::Tensor small =
      prepare_slice(picture(4, 4, {0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), {.image_size = 2}).pixels;
  EXPECT_EQ(small[0][0][0].item<float>(), 0.25f);
  const at::Tensor large = prepare_slice(picture(1, 2, {0, 255}), {.image_size = 4}).pixels;
  EXPECT_FLOAT_EQ(large[0][0][1].item<float>(), 0.25f);
  EXPECT_FLOAT_EQ(large[0][0][3].item<float>(), 1.0f);
}

TEST(PrepareSlice, TurnsColourIntoLuminanceAndGrayIntoColour) {
  const Image colour = picture(1, 2, {255, 0, 0, 0, 255, 0}, ImageFormat::kPng, PixelType::kUint8, 3);
  const std::vector<float> gray = prepared(colour, kNative);
  EXPECT_FLOAT_EQ(gray[0], 0.299f);
  EXPECT_FLOAT_EQ(gray[1], 0.587f);
  const std::vector<float> kept = prepared(colour, kNative, 3);
  EXPECT_EQ((std::vector<float>{kept[0], kept[1], kept[4], kept[5]}), (std::vector<float>{1, 0, 0, 1}));
  const std::vector<float> repeated = prepared(picture(1, 2, {0, 255}), kNative, 3);
  EXPECT_EQ((std::vector<float>{repeated[1], repeated[5], repeated[9]}), (std::vector<float>{1, 1, 1}));
  // A gray picture stored as colour is the gray picture.
  EXPECT_EQ(prepared(picture(1, 2, {7, 7, 7, 201, 201, 201}, ImageFormat::kPng, PixelType::kUint8, 3), kNative),
            prepared(picture(1, 2, {7, 201}), kNative));
}

TEST(PrepareSlice, RefusesConstantAndOnePixelImages) {
  expect_error(ErrorCode::kBadInput, {"constant", "every pixel is 7"},
               [] { prepared(picture(2, 2, {7, 7, 7, 7}), kNative); });
  expect_error(ErrorCode::kBadInput, {"constant"}, [] { prepared(picture(1, 1, {7}), kNative); });
  expect_error(ErrorCode::kBadInput, {"constant", "no pixel is above 0"},
               [] { prepared(picture(1, 2, {-3, -1}, ImageFormat::kNifti, PixelType::kFloat), kNative); });
}

TEST(PrepareSlice, RefusesVolumesAndOtherChannelCounts) {
  Image volume = picture(1, 2, {0, 1, 2, 3});
  volume.slices = 2;
  expect_error(ErrorCode::kBadInput, {"volume"}, [&] { prepare_slice(volume, {}); });
  expect_error(ErrorCode::kUsage, {"image_channels"},
               [] { prepare_slice(picture(1, 2, {0, 1}), {.image_channels = 2}); });
}

TEST(PrepareMask, StaysFractionalAndIsPaddedLikeItsImage) {
  const Image mask = picture(2, 4, {255, 255, 0, 0, 255, 255, 0, 0});
  const at::Tensor padded = prepare_mask(mask, 4);
  EXPECT_EQ(padded[0][0].sum().item<float>(), 0.0f);
  EXPECT_EQ(padded[0][1].sum().item<float>(), 2.0f);
  const at::Tensor stretched = prepare_mask(mask, 4, false);
  EXPECT_EQ(stretched.sum().item<float>(), 8.0f);
  EXPECT_GT(prepare_mask(mask, 3)[0][1][1].item<float>(), 0.0f);
  EXPECT_LT(prepare_mask(mask, 3)[0][1][1].item<float>(), 1.0f);
}

TEST(PrepareMask, TakesZeroOneMasksAndLabels) {
  EXPECT_EQ(prepare_mask(picture(1, 2, {0, 1}), 2, false)[0][0][1].item<float>(), 1.0f);
  const Image labels = picture(1, 2, {0, 4}, ImageFormat::kNifti, PixelType::kOther);
  EXPECT_EQ(prepare_mask(labels, 2, false)[0][0][1].item<float>(), 1.0f);
  EXPECT_EQ(prepare_mask(picture(1, 1, {0}), 2).sum().item<float>(), 0.0f);  // an empty mask is fine
}

TEST(InputScaling, GoesThroughItsName) {
  for (const InputScaling scaling : {kNative, kReference}) {
    EXPECT_EQ(input_scaling_from_string(to_string(scaling)), scaling);
  }
  expect_error(ErrorCode::kUsage, {"nativ", "did you mean 'native'"}, [] { input_scaling_from_string("nativ"); });
}

TEST(Percentile, InterpolatesBetweenNeighbours) {
  EXPECT_EQ(percentile({4, 1, 3, 2}, 50), 2.5f);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 100), 4.0f);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 0), 1.0f);
  EXPECT_EQ(percentile({5}, 99.5), 5.0f);
  EXPECT_EQ(percentile({0, 10}, 75), 7.5f);
}

TEST(Percentile, LiesBetweenTheSortedNeighbours) {
  std::mt19937 random(3);
  std::vector<float> values(997);
  for (float& v : values) v = static_cast<float>(random() % 5000) / 7.0f;
  const float p = percentile(values, 99.5);
  std::sort(values.begin(), values.end());
  EXPECT_GE(p, values[991]);
  EXPECT_LE(p, values[992]);
}

}  // namespace
}  // namespace ra

#include "ra/detection/foreground.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/base/error.h"

namespace ra {
namespace {

// [80,80]: a disc of `radius` round the middle, with a dark disc of `hole` inside.
at::Tensor disc(double radius, double hole = 0.0) {
  at::Tensor image = at::full({80, 80}, 0.05);
  auto pixels = image.accessor<float, 2>();
  for (int y = 0; y < 80; ++y) {
    for (int x = 0; x < 80; ++x) {
      const double distance = std::hypot(x - 40, y - 40);
      if (distance <= radius) pixels[y][x] = distance < hole ? 0.05f : 0.7f;
    }
  }
  return image;
}

TEST(ForegroundMask, KeepsTheHeadWithoutItsRim) {
  const at::Tensor mask = foreground_mask(disc(30));
  EXPECT_EQ(mask.scalar_type(), at::kBool);
  EXPECT_TRUE(mask[40][40].item<bool>());
  EXPECT_TRUE(mask[40][40 + 26].item<bool>());
  EXPECT_FALSE(mask[40][40 + 28].item<bool>());
}

TEST(ForegroundMask, KeepsDarkRegionsInside) { EXPECT_TRUE(foreground_mask(disc(30, 8))[40][40].item<bool>()); }

TEST(ForegroundMask, IsNotDecidedByAThinBrightRing) {
  at::Tensor image = disc(30) * 0.3;
  const at::Tensor ring = disc(30, 28) > 0.5;
  image.masked_fill_(ring, 1.0);
  EXPECT_TRUE(at::equal(foreground_mask(image), foreground_mask(disc(30))));
}

TEST(ForegroundMask, LeavesOutWhatIsApart) {
  at::Tensor image = disc(25);
  image.slice(0, 0, 10).slice(1, 0, 10).fill_(1.0);
  EXPECT_FALSE(foreground_mask(image).slice(0, 0, 10).any().item<bool>());
}

TEST(ForegroundMask, DoesNotDependOnBrightnessOrOnRepeatedChannels) {
  const at::Tensor image = disc(25, 5);
  const at::Tensor mask = foreground_mask(image);
  EXPECT_TRUE(at::equal(foreground_mask(image * 0.25 + 0.1), mask));
  EXPECT_TRUE(at::equal(foreground_mask(image.unsqueeze(0).repeat({3, 1, 1})), mask));
}

TEST(ForegroundMask, IsEmptyForAConstantSliceAndKeepsAThinOne) {
  EXPECT_FALSE(foreground_mask(at::full({32, 32}, 0.5)).any().item<bool>());
  EXPECT_GT(foreground_mask(disc(3)).sum().item<std::int64_t>(), 0);
}

TEST(ForegroundMask, RefusesWhatIsNoSquare) { EXPECT_THROW(foreground_mask(at::zeros({4, 5})), Error); }

}  // namespace
}  // namespace ra

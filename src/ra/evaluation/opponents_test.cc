#include "ra/evaluation/opponents.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ra/base/random.h"

namespace ra {
namespace {

// Slices of three hidden shapes in random amounts.
at::Tensor slices_of_shapes(std::int64_t count) {
  CounterRandom random(4, 0, 0, Purpose::kLesion);
  const auto uniform = [&](at::IntArrayRef sizes) {
    at::Tensor values = at::empty(sizes);
    for (std::int64_t k = 0; k < values.numel(); ++k)
      values.data_ptr<float>()[k] = static_cast<float>(random.uniform());
    return values;
  };
  const at::Tensor shapes = uniform({3, 64});
  return uniform({count, 3}).matmul(shapes).view({count, 1, 8, 8}) / 3.0;
}

TEST(MeanPicture, MapsTheDistanceToTheMean) {
  const at::Tensor training = at::stack({at::zeros({1, 8, 8}), at::ones({1, 8, 8})});
  EXPECT_TRUE(at::allclose(MeanPicture(training).map(at::full({1, 8, 8}, 0.75f)), at::full({8, 8}, 0.25f)));
}

TEST(PcaReconstruction, RebuildsWhatLiesInItsComponentsAndShowsWhatDoesNot) {
  const at::Tensor all = slices_of_shapes(40);
  const PcaReconstruction pca(all.slice(0, 0, 32), 3);
  EXPECT_EQ(pca.components(), 3);
  at::Tensor seen = all[36].clone();
  EXPECT_LT(pca.map(seen).abs().max().item<double>(), 0.01);
  seen[0][2][5] += 0.5;
  const at::Tensor map = pca.map(seen);
  EXPECT_EQ(map.argmax().item<std::int64_t>(), 2 * 8 + 5);
  EXPECT_GT(map.max().item<double>(), 10.0);
}

}  // namespace
}  // namespace ra

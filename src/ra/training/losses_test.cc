#include "ra/training/losses.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ra {
namespace {

at::Tensor row(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).unsqueeze(0);
}

TEST(KlDivergence, MatchesTheClosedForm) {
  // 0.5 * (mean^2 + variance - log variance - 1), by hand for variances 1 and e.
  const at::Tensor kl = kl_divergence(row({2.0, 0.0}), row({0.0, 1.0}));
  EXPECT_NEAR(kl.item<double>(), 0.5 * 4.0 + 0.5 * (std::exp(1.0) - 2.0), 1e-15);
}

TEST(KlDivergence, IsZeroForTheStandardNormalAndPositiveElsewhere) {
  EXPECT_EQ(kl_divergence(at::zeros({1, 5}), at::zeros({1, 5})).item<float>(), 0.0f);
  for (double mean = -3.0; mean <= 3.0; mean += 0.5) {
    for (double log_variance = -4.0; log_variance <= 4.0; log_variance += 0.5) {
      if (mean == 0.0 && log_variance == 0.0) continue;
      const double kl = kl_divergence(row({mean}), row({log_variance})).item<double>();
      EXPECT_GT(kl, 0.0) << mean << " " << log_variance;
    }
  }
}

TEST(SquaredError, IsSummedOverEachImage) {
  const at::Tensor target = at::zeros({2, 1, 2, 2}, at::kDouble);
  at::Tensor image = at::zeros({2, 1, 2, 2}, at::kDouble);
  image[0].fill_(3.0);
  image[1][0][0][1] = -2.0;
  const at::Tensor error = squared_error(target, image);
  EXPECT_EQ(error[0].item<double>(), 36.0);
  EXPECT_EQ(error[1].item<double>(), 4.0);
}

TEST(EmbeddingLoss, AddsHalfTheErrorAndOneMinusTheCosineOfEachLevel) {
  const at::Tensor a = row({1.0, 0.0, 0.0, 0.0}).reshape({1, 1, 2, 2});
  const at::Tensor b = row({0.0, 2.0, 0.0, 0.0}).reshape({1, 1, 2, 2});
  // Orthogonal: cosine 0; mean squared error (1 + 4) / 4.
  EXPECT_NEAR(embedding_loss({a}, {b}).item<double>(), 0.5 * 1.25 + 1.0, 1e-15);
  EXPECT_NEAR(embedding_loss({a, a}, {b, a}).item<double>(), 0.5 * 1.25 + 1.0, 1e-15);
  // Opposite: cosine -1; mean squared error 4 / 4.
  EXPECT_NEAR(embedding_loss({a}, {-a}).item<double>(), 0.5 + 2.0, 1e-15);
}

TEST(ExpElbo, WeighsBothPartsAndAveragesTheExponentials) {
  const at::Tensor rec = at::tensor({1.0, 0.0}, at::kDouble), kl = at::tensor({0.5, 0.0}, at::kDouble);
  // -2 * 0.25 * (3 * 1 + 4 * 0.5) = -2.5, and 0.
  EXPECT_NEAR(exp_elbo(rec, kl, 0.25, 3.0, 4.0).item<double>(), (std::exp(-2.5) + 1.0) / 2.0, 1e-15);
}

}  // namespace
}  // namespace ra

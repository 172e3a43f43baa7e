#include "ra/image/orientation.h"

#include <gmock/gmock.h>

#include <cmath>

namespace ra {
namespace {

using ::testing::ElementsAre;

Matrix3 gram(const Matrix3& m) {
  Matrix3 result{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) result[i][j] += m[k][i] * m[k][j];
    }
  }
  return result;
}

TEST(ClosestOrthogonal, KeepsARotationWithItsSpacingTakenOut) {
  const double c = std::cos(0.4), s = std::sin(0.4);
  const auto found = closest_orthogonal({{{2 * c, -3 * s, 0}, {2 * s, 3 * c, 0}, {0, 0, 0.5}}});
  ASSERT_TRUE(found);
  EXPECT_NEAR((*found)[0][0], c, 1e-14);
  EXPECT_NEAR((*found)[0][1], -s, 1e-14);
  EXPECT_NEAR((*found)[2][2], 1.0, 1e-14);
}

TEST(ClosestOrthogonal, IsOrthogonalForShearedAxesAndKeepsReflections) {
  for (const double sign : {1.0, -1.0}) {
    const auto found = closest_orthogonal({{{1, 0.4, 0.1}, {0.2, 1.2, -0.3}, {0.1, 0, sign * 2}}});
    ASSERT_TRUE(found);
    const Matrix3 product = gram(*found);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) EXPECT_NEAR(product[i][j], i == j ? 1.0 : 0.0, 1e-14);
    }
    EXPECT_NEAR(determinant(*found), sign, 1e-14);
  }
}

TEST(ClosestOrthogonal, IsEmptyForFlatOrNonFiniteAxes) {
  EXPECT_FALSE(closest_orthogonal({{{1, 1, 0}, {0, 0, 0}, {0, 0, 1}}}));
  EXPECT_FALSE(closest_orthogonal({{{1, 0, 0}, {0, 0, 0}, {0, 0, 1}}}));
  EXPECT_FALSE(closest_orthogonal({{{1, 0, 0}, {0, NAN, 0}, {0, 0, 1}}}));
}

TEST(AxisOrder, LetsTheStrongestAxisChooseFirst) {
  // Columns lie between x and y, nearer to x; rows run to -x almost straight, so they take x.
  const AxisOrder order = ras_axis_order({{{0.8, -0.95, 0, 0}, {0.6, 0.2, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}});
  EXPECT_THAT(order.voxel_axis, ElementsAre(1, 0, 2));
  EXPECT_THAT(order.flip, ElementsAre(true, false, false));
}

}  // namespace
}  // namespace ra

#include "ra/image/orientation.h"

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

// Below this volume of the unit parallelepiped the voxel axes do not span space.
constexpr double kSingular = 1e-9;

Matrix3 inverse_transpose(const Matrix3& m) {
  const double scale = 1.0 / determinant(m);
  Matrix3 result{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const int r = (i + 1) % 3, s = (i + 2) % 3, c = (j + 1) % 3, d = (j + 2) % 3;
      result[i][j] = (m[r][c] * m[s][d] - m[r][d] * m[s][c]) * scale;
    }
  }
  return result;
}

std::optional<Matrix3> with_unit_columns(Matrix3 m) {
  for (int j = 0; j < 3; ++j) {
    const double length = std::hypot(m[0][j], m[1][j], m[2][j]);
    if (!std::isfinite(length) || length == 0) return std::nullopt;
    for (int i = 0; i < 3; ++i) m[i][j] /= length;
  }
  return m;
}

}  // namespace

double determinant(const Matrix3& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

Matrix3 linear_part(const Affine& affine) {
  Matrix3 result{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) result[i][j] = affine[i][j];
  }
  return result;
}

std::optional<Matrix3> closest_orthogonal(const Matrix3& linear) {
  std::optional<Matrix3> unit = with_unit_columns(linear);
  if (!unit || std::abs(determinant(*unit)) < kSingular) return std::nullopt;
  Matrix3 x = *unit;
  // Newton's iteration X <- (X + X^-T) / 2 (Higham 1986) converges to the orthogonal factor.
  for (int step = 0; step < 100; ++step) {
    const Matrix3 y = inverse_transpose(x);
    double change = 0.0;
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        const double next = 0.5 * (x[i][j] + y[i][j]);
        change = std::max(change, std::abs(next - x[i][j]));
        x[i][j] = next;
      }
    }
    if (change < 1e-15) break;
  }
  return x;
}

AxisOrder ras_axis_order(const Affine& affine) {
  std::optional<Matrix3> directions = closest_orthogonal(linear_part(affine));
  if (!directions) {
    throw Error(ErrorCode::kBadInput,
                "the orientation of the volume is unusable (its voxel axes lie in one plane, or are not finite); "
                "correct its qform and sform");
  }
  Matrix3& r = *directions;
  std::array<int, 3> voxel_axes{0, 1, 2};
  std::array<double, 3> strength{};
  for (int j = 0; j < 3; ++j) {
    for (int i = 0; i < 3; ++i) strength[j] = std::max(strength[j], r[i][j] * r[i][j]);
  }
  std::stable_sort(voxel_axes.begin(), voxel_axes.end(), [&](int a, int b) { return strength[a] > strength[b]; });
  AxisOrder order{};
  for (const int voxel_axis : voxel_axes) {
    int world_axis = 0;
    for (int i = 1; i < 3; ++i) {
      if (std::abs(r[i][voxel_axis]) > std::abs(r[world_axis][voxel_axis])) world_axis = i;
    }
    order.voxel_axis[world_axis] = voxel_axis;
    order.flip[world_axis] = r[world_axis][voxel_axis] < 0;
    r[world_axis] = {0.0, 0.0, 0.0};
  }
  return order;
}

}  // namespace ra

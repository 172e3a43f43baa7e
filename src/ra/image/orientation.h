#pragma once

#include <array>
#include <optional>

#include "ra/image/image.h"

namespace ra {

using Matrix3 = std::array<std::array<double, 3>, 3>;

double determinant(const Matrix3& matrix);

// Upper left 3x3 block of an affine: voxel axes as columns, in mm.
Matrix3 linear_part(const Affine& affine);

// The directions of a volume's voxel axes without shear: the orthogonal matrix closest to `linear` after its
// columns have been made unit vectors (polar decomposition). A reflection stays one (determinant -1). Empty when
// `linear` is singular or not finite.
std::optional<Matrix3> closest_orthogonal(const Matrix3& linear);

// For each world axis x, y, z the voxel axis that runs along it most, and whether it must be flipped to run to
// R, A, S. The strongest voxel axis chooses first, as in nibabel's io_orientation.
struct AxisOrder {
  std::array<int, 3> voxel_axis;  // a permutation of 0 (columns), 1 (rows), 2 (slices)
  std::array<bool, 3> flip;
};

// kBadInput for a singular affine.
AxisOrder ras_axis_order(const Affine& affine);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "ra/image/image.h"
#include "ra/image/slices.h"
#include "ra/transforms/input.h"

namespace ra {

// A slice of an input file, ready for the network.
struct InputSlice {
  std::optional<std::int64_t> index;  // slice of a volume, from 0; absent for a picture
  PreparedSlice prepared;
  // Geometry of the prepared [S,S] grid, (column, row, 0) to mm; absent for pictures.
  std::optional<Affine> world_from_pixel;
};

// Reads one input, turns a volume to RAS, takes the slices of the rule, and prepares each. Slices of a volume that
// are constant (outside the head, or masked away) are left out and added to `constant`. kBadInput with the file
// and, for a volume, the slice; also when the picture, or every chosen slice, is constant.
std::vector<InputSlice> read_slices(const std::filesystem::path& path, const SliceRule& rule,
                                    const InputOptions& options, std::size_t& constant);

}  // namespace ra

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

// The slices of one input, prepared when they are asked for, by several threads at the same time if need be.
class InputSlices {
 public:
  // Reads the input, turns a volume to RAS and takes the slices of the rule. Slices of a volume that are constant
  // (outside the head, or masked away) are left out. kBadInput with the file; also when every chosen slice is constant.
  InputSlices(std::filesystem::path path, const SliceRule& rule, const InputOptions& options);

  std::size_t size() const { return indices_.size(); }
  std::size_t constant() const { return constant_; }  // how many were left out
  std::optional<std::int64_t> index(std::size_t k) const { return indices_[k]; }
  // kBadInput with the file and, for a volume, the slice; also when the picture is constant.
  InputSlice prepare(std::size_t k) const;

 private:
  std::filesystem::path path_;
  InputOptions options_;
  Image image_;
  std::vector<std::optional<std::int64_t>> indices_;
  std::size_t constant_ = 0;
};

// All of them; `constant` grows by the number of those left out.
std::vector<InputSlice> read_slices(const std::filesystem::path& path, const SliceRule& rule,
                                    const InputOptions& options, std::size_t& constant);

}  // namespace ra

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ra/image/image.h"

namespace ra {

// Which slices of a volume to take: "mid" (k = n/2, rounded down), "all", "A:B" (A <= k < B, either may be
// left out) or "i,j,k" (each once, in that order). Slices count from 0, inferior to superior.
class SliceRule {
 public:
  // kUsage for anything else.
  static SliceRule parse(std::string_view text);
  static SliceRule mid() { return parse("mid"); }

  // Indices into `count` slices, at least one; kBadInput if the rule asks for a slice that is not there.
  std::vector<std::int64_t> select(std::int64_t count) const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind { kMid, kAll, kRange, kList };
  Kind kind_ = Kind::kMid;
  std::vector<std::int64_t> numbers_;  // kList: the slices; kRange: {A, B}, -1 where left out
  std::string text_ = "mid";
};

// The volume with its voxel axes permuted and flipped so that columns run to +x (right), rows to +y (anterior)
// and slices to +z (superior), as nibabel.as_closest_canonical does; world_from_voxel follows. An image without
// geometry is returned as it is.
Image to_ras(const Image& image);

// Axial slice k of a RAS volume as a picture: rows from anterior to posterior, columns along ascending x. One
// slice of an image without geometry keeps its row order. `world_from_voxel` of the result maps (column, row, 0).
Image axial_slice(const Image& ras, std::int64_t k);

}  // namespace ra

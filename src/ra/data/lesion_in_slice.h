#pragma once

#include <cstdint>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/slice_head.h"
#include "ra/data/synthetic_lesion.h"
#include "ra/image/image.h"

namespace ra {

// A real slice with a synthetic lesion, in its own grid.
struct LesionedSlice {
  Image image;                     // size, channels, format, type, geometry and value range of the original
  std::vector<std::uint8_t> mask;  // [rows][columns], 255 in the lesion (see lesion_mask.h) within the brain, else 0
  std::vector<std::uint8_t>
      outside;  // [rows][columns], 255 where every value is the original's and no lesion lies, else 0
};

// Puts one lesion into a slice: tissue is moved, the lesion is painted at the slice's own tissue levels with 0.6 to 1
// times the contrast that it has in synthetic brains (fluid and blood under the skull: 1), and the slice's grain (what
// a blur of 1.2 mm takes away, up to 2.5 standard deviations of it in white matter) stays on top. A function of the
// slice, `head` (of this slice) and the random stream. kBadInput if this kind does not fit into the slice, or the
// place that was drawn leaves less than 20 mm2 to see.
LesionedSlice put_lesion(const Image& slice, const SliceHead& head, LesionKind kind, CounterRandom random);

}  // namespace ra

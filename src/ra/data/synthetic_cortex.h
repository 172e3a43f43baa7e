#pragma once

#include "ra/base/random.h"
#include "ra/data/synthetic_head.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// Lowers `field` to the distance from the segment less its half-width (linear from start to end), where that is
// below `reach`. Distances in mm, the field in the head's frame.
void stamp_segment(Raster& field, HeadPoint start, HeadPoint end, float half_width_start, float half_width_end,
                   float reach);

// Distance in mm from the walls of sulci and of the interhemispheric fissure, negative in their fluid, at most
// kSulcusReach: lines that grow inwards from the brain's surface and from the midline, keep clear of one another,
// and fork. The cortex is the ribbon along them.
constexpr float kSulcusReach = 8.0f;
Raster grow_sulci(const HeadTraits& traits, const HeadOutline& outline, int columns, int rows, CounterRandom& random);

}  // namespace ra

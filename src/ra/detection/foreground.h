#pragma once

#include <ATen/core/Tensor.h>

namespace ra {

// The brain pixels of a prepared slice, [C,S,S] or [S,S] in [0,1] -> [S,S] bool on the CPU: mean over channels, values
// cut at twice their mean (both above the minimum) so that bright fat does not decide, Otsu's threshold (IEEE
// Transactions on Systems, Man and Cybernetics 1979), holes filled, the largest connected component, and a rim of S/25
// pixels taken off all round.
//
// It separates head from air and leaves out most of scalp and skull; it does not find the brain's surface. Orbits and
// the base of the skull stay in. A rim of that width takes a thin layer of cortex where the scalp is thin, and more of
// it in skull-stripped slices. Fluid and dark lesions inside are kept, since holes are filled. Where taking the
// rim off leaves nothing, the mask without that step is returned; a constant slice has no foreground.
at::Tensor foreground_mask(const at::Tensor& image);

}  // namespace ra

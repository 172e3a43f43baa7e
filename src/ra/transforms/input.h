#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "ra/image/image.h"

namespace ra {

// How pixel values become [0, 1].
enum class InputScaling {
  // 8-bit pictures /255; 16-bit pictures /65535; a float NPY already in [0,1] as it is; anything else, and every
  // NIfTI: max(v,0) divided by the 99.5th percentile of all pixels of the slice (linear interpolation, at least
  // 1e-6), clipped to 1.
  kNative,
  // What the reference does: /255 if the maximum exceeds 1; NPY is multiplied by 255, cut to uint8 first.
  kReference,
};
std::string_view to_string(InputScaling scaling);
InputScaling input_scaling_from_string(std::string_view name);  // kUsage for an unknown name

struct InputOptions {
  // Side of the square that the network sees, in pixels.
  int image_size = 128;
  // Channels that the network sees: 1 turns colour into luminance (ITU-R BT.601), 3 repeats gray.
  int image_channels = 1;
  InputScaling scaling = InputScaling::kNative;
};

struct PreparedSlice {
  at::Tensor pixels;     // [C,S,S] float32 in [0,1] (reference scaling of 16-bit files: up to 257)
  double divisor = 1.0;  // what the file's values were divided by
};

// The evaluation transform (REFERENCE.md, "Slices to tensors"): scale, pad to a square with the minimum, resize
// bilinearly without antialias. `slice` is a picture (slices == 1). kBadInput for a constant slice, which one of a
// single pixel is too; kUsage for image_channels other than 1 and 3.
PreparedSlice prepare_slice(const Image& slice, const InputOptions& options);

// A mask [1,S,S] in [0,1], values fractional after the resize; padded like its image with 0 unless `pad` is false
// (the reference's behaviour, for parity only). A PNG or JPEG whose maximum exceeds 1 is divided by its full scale;
// in other files everything above 1 (a label number) counts as 1.
at::Tensor prepare_mask(const Image& mask, int image_size, bool pad = true);

}  // namespace ra

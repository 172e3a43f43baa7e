#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ra {

// Ranges of the training augmentation. Defaults are the paper's.
struct AugmentationOptions {
  // Whether training slices are augmented at all (without it they are not quantised to 8 bits either).
  bool enabled = true;
  // Rotation within +- this many degrees.
  double max_degrees = 10.0;
  // Shift within +- this share of the side, rounded to whole pixels.
  double max_translation = 0.1;
  // Isotropic scale.
  double min_scale = 0.9;
  double max_scale = 1.1;
  // Left-right flip.
  double flip_probability = 0.5;

  void validate() const;  // kUsage naming the field
};

// One draw of the augmentation.
struct AugmentationDraw {
  double degrees = 0.0;
  int shift_columns = 0, shift_rows = 0;  // pixels
  double scale = 1.0;
  bool flip = false;
};

AugmentationDraw draw_augmentation(const AugmentationOptions& options, int image_size, std::uint64_t seed,
                                   std::uint32_t epoch, std::uint32_t sample);

// [C,S,S] float32 in [0,1] -> uint8 by truncation of 255 x.
at::Tensor quantise(const at::Tensor& image);

// Nearest-neighbour affine map of uint8 [C,S,S], fill 0, then the flip; equal to Pillow bit for bit.
at::Tensor apply_affine(const at::Tensor& codes, const AugmentationDraw& draw);

// The whole: quantise, affine, flip, back to float32 [C,S,S] in [0,1].
at::Tensor augment(const at::Tensor& image, const AugmentationDraw& draw);

}  // namespace ra

#pragma once

#include <cstdint>
#include <optional>

#include "ra/data/synthetic_head.h"
#include "ra/data/synthetic_raster.h"
#include "ra/image/image.h"

namespace ra {

// What a slice's own tissues measure, in the values of its file.
struct TissueLevels {
  float fluid = 0.0f;
  float gray = 0.0f;
  float white = 0.0f;

  // To the scale of TissueBrightness and back: straight lines through the three levels, continued at both ends.
  float to_scale(float value) const;
  float from_scale(float brightness) const;
};

// Pixels of a slice to the head's frame of this person and back.
struct SlicePose {
  float origin_column = 0.0f, origin_row = 0.0f;  // the middle of the brain, in pixels
  float column_mm = 1.0f, row_mm = 1.0f;          // edge of a pixel
  float turn = 0.0f;                              // radians by which the brain is turned in the picture

  HeadPoint head_from_pixel(float column, float row) const;
  struct Pixel {
    float column, row;
  };
  Pixel pixel_from_head(HeadPoint point) const;
};

// A real slice's anatomy, as far as lesions need it.
struct SliceHead {
  Head head;  // brightness has been smoothed, and evened by `gain`
  SlicePose pose;
  TissueLevels levels;
  Raster gain;       // the head's frame: what the coil and the field do to the levels, about 1
  bool scale_known;  // whether pose's millimetres are the file's; otherwise a brain of middle size was taken

  float to_scale(float value, HeadPoint point) const { return levels.to_scale(value / gain.sample(point)); }
  float from_scale(float brightness, HeadPoint point) const {
    return levels.from_scale(brightness) * gain.sample(point);
  }
};

// The mean over channels, [rows][columns].
Raster gray_values(const Image& slice);

// Reads the anatomy of an axial T1-weighted slice, anterior up, of a whole head or skull-stripped: brain surface, the
// levels of fluid, gray and white matter, the coil's unevenness, lateral ventricles (paths empty where there are none).
// Without `pixel_mm` (edge of a pixel) and without geometry in the image, the brain is taken for one of middle size,
// 185 cm2 in the slice. kBadInput with reason and remedy for a slice that is too small, too large or too coarse, shows
// no brain or less than 60 cm2 of it, or whose tissues have no T1 contrast.
SliceHead read_slice_head(const Image& slice, std::optional<double> pixel_mm = {});

}  // namespace ra

#pragma once

#include "ra/report/picture.h"

namespace ra {

// The one colour scale of anomaly maps: black over purple and orange to pale yellow (matplotlib's "inferno"), whose
// lightness rises steadily, so that it reads the same for colour-blind people and in gray print. 0 is the first
// colour, `maximum` and all above it the last. The maximum belongs to a model, not to an image: a scale per image
// makes healthy brains look ill.
class ColorScale {
 public:
  // kUsage unless maximum is finite and above 0.
  explicit ColorScale(double maximum);

  Rgb color(double value) const;
  double maximum() const { return maximum_; }

 private:
  double maximum_;
};

// A map in its colours.
RgbPicture map_picture(const FloatPicture& map, const ColorScale& scale);

// A map over the gray slice of the same size: the higher the value, the more its colour covers the slice; below 1/8
// of the maximum the slice shows alone.
RgbPicture map_over_slice(const FloatPicture& slice, const FloatPicture& map, const ColorScale& scale);

// An upright bar, the maximum at the top, with 0, half and the maximum written beside it.
RgbPicture color_bar(const ColorScale& scale, std::int64_t rows, int text_zoom = 1);

}  // namespace ra

#pragma once

#include <optional>
#include <string>

#include "ra/report/color_scale.h"

namespace ra {

inline constexpr const char* kResearchUseOnly = "research use only, not a medical device";

// Draws "L" and "R" into the upper corners of a panel: the picture's left is the patient's left, as slices have
// their columns along ascending x of the RAS frame. Only where the slice's geometry says so.
void draw_side_marks(RgbPicture& panel);

// What `ra screen --save overlay` shows of one slice.
struct Overlay {
  FloatPicture input;           // [S,S] in [0, 1]
  FloatPicture reconstruction;  // [S,S] in [0, 1]
  FloatPicture map;             // [S,S]
  std::string title;
  std::optional<double> score;
  bool side_marks = false;  // true only for slices with geometry
};

// One picture: input, pseudo-healthy, map, and map over the input, enlarged to at least 256 pixels a side; a colour
// bar from 0 to the scale's maximum; title, score and the line that this is for research. kUsage when the pictures
// differ in size.
RgbPicture render_overlay(const Overlay& overlay, const ColorScale& scale);

}  // namespace ra

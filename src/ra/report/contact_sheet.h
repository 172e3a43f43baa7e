#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ra/report/color_scale.h"

namespace ra {

// One row of a contact sheet.
struct SheetCase {
  std::string title;
  FloatPicture input;                 // [S,S] in [0, 1]
  FloatPicture reconstruction;        // [S,S] in [0, 1]
  FloatPicture map;                   // [S,S]
  std::optional<FloatPicture> truth;  // [S,S], above 0.5 in the lesion; absent: healthy, or not known
  std::optional<double> score;
};

struct ContactSheetOptions {
  std::string title;
  int zoom = 1;             // enlarges every panel
  bool side_marks = false;  // L and R on the inputs: only where the slices' geometry is known
  int cases_per_row = 1;    // blocks of four panels beside each other
};

// Cases below each other, each as input, pseudo-healthy, anomaly map and truth, with one colour scale for all, its
// bar with numbers, column titles, the score under each case and the line that this is for research. kUsage when there
// is no case, or when pictures differ in size.
RgbPicture render_contact_sheet(const std::vector<SheetCase>& cases, const ColorScale& scale,
                                const ContactSheetOptions& options);

}  // namespace ra

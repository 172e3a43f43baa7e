#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "ra/evaluation/cases.h"
#include "ra/report/color_scale.h"
#include "ra/report/picture.h"

namespace ra {

// Where a case is in the gallery.
struct GalleryPlace {
  std::size_t sheet = 0, row = 0;
};

// The pictures of an evaluation as sheets of 64 rows, FOLDER/sheet_000.png and on, written as cases come in: tiles of
// 64 pixels, seven a row: input, pseudo-healthy, residual, perceptual, map, thresholded, truth; black where unknown.
class Gallery {
 public:
  static constexpr std::int64_t kTile = 64;
  static constexpr std::int64_t kTiles = 7;
  static constexpr std::size_t kRows = 64;

  // map_maximum: the map value shown brightest. Residuals are brightest at kBrightResidual.
  Gallery(std::filesystem::path folder, double map_maximum);

  void add(const CasePictures& pictures);
  // Writes the last sheet.
  void finish();

  static GalleryPlace place(std::size_t case_number) { return {case_number / kRows, case_number % kRows}; }

 private:
  std::filesystem::path folder_;
  ColorScale map_scale_, residual_scale_, perceptual_scale_;
  std::vector<RgbPicture> rows_;
  std::size_t sheets_ = 0;
};

}  // namespace ra

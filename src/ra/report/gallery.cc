#include "ra/report/gallery.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/report/tensor_picture.h"

namespace ra {
namespace {

constexpr double kBrightResidual = 0.5;
// A map is a residual times a perceptual distance: where the residual is this, both are brightest together.
constexpr double kTypicalResidual = 0.25;

FloatPicture tile(const at::Tensor& plane) {
  return tensor_picture(at::adaptive_avg_pool2d(plane.unsqueeze(0), {Gallery::kTile, Gallery::kTile}));
}

}  // namespace

Gallery::Gallery(std::filesystem::path folder, double map_maximum)
    : folder_(std::move(folder)),
      map_scale_(map_maximum),
      residual_scale_(kBrightResidual),
      perceptual_scale_(map_maximum / kTypicalResidual) {
  make_output_folder(folder_);
}

void Gallery::add(const CasePictures& pictures) {
  const at::Tensor residual = (pictures.input - pictures.reconstruction).abs();
  RgbPicture row(kTile * kTiles, kTile);
  std::int64_t column = 0;
  const auto paste = [&](const RgbPicture& picture) { row.paste(picture, kTile * column++, 0); };
  paste(gray_picture(tile(pictures.input)));
  paste(gray_picture(tile(pictures.reconstruction)));
  paste(map_picture(tile(residual), residual_scale_));
  paste(map_picture(tile(pictures.perceptual), perceptual_scale_));
  paste(map_picture(tile(pictures.map), map_scale_));
  for (const auto& mask : {pictures.thresholded, pictures.truth}) {
    if (mask)
      paste(gray_picture(tile(*mask)));
    else
      ++column;
  }
  rows_.push_back(std::move(row));
  if (rows_.size() == kRows) finish();
}

void Gallery::finish() {
  if (rows_.empty()) return;
  RgbPicture sheet(kTile * kTiles, kTile * std::ssize(rows_));
  for (std::size_t k = 0; k < rows_.size(); ++k) sheet.paste(rows_[k], 0, kTile * static_cast<std::int64_t>(k));
  write_picture(folder_ / fmt::format("sheet_{:03}.png", sheets_++), sheet, PngEffort::kFast);
  rows_.clear();
}

}  // namespace ra

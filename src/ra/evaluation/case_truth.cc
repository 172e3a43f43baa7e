#include "ra/evaluation/case_truth.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/transforms/input.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

Image read_mask(const fs::path& mask, const fs::path& image, const SourceSize& size, SourceSlices& masks) {
  SourceSlice source = masks.read(mask, size.slices > 1 ? size.slice : std::nullopt);
  const Image& picture = source.picture;
  if (picture.columns != size.columns || picture.rows != size.rows || source.slices != size.slices) {
    throw Error(ErrorCode::kBadInput, fmt::format("the mask '{}' has {}x{}x{} pixels, but its image '{}' has {}x{}x{}",
                                                  mask.string(), picture.columns, picture.rows, source.slices,
                                                  image.string(), size.columns, size.rows, size.slices));
  }
  return std::move(source.picture);
}

at::Tensor prepared(const Image& mask, int image_size) { return prepare_mask(mask, image_size)[0].contiguous(); }

Image mask_of_box(const Box& box, const SourceSize& size) {
  Image mask;
  mask.columns = size.columns;
  mask.rows = size.rows;
  mask.pixels = rasterise_boxes({&box, 1}, size.columns, size.rows);
  mask.format = ImageFormat::kNpy;
  mask.pixel_type = PixelType::kFloat;
  return mask;
}

Box bounding_box(const Image& mask) {
  std::int64_t left = mask.columns, top = mask.rows, right = -1, bottom = -1;
  for (std::int64_t y = 0; y < mask.rows; ++y) {
    for (std::int64_t x = 0; x < mask.columns; ++x) {
      if (mask.pixels[static_cast<std::size_t>((y * mask.columns + x) * mask.channels)] <= 0.0f) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

void warn_about(const LabelledBox& one, const fs::path& image, const SourceSize& size,
                std::vector<std::string>& warnings) {
  const Box& box = one.box;
  const char* problem = nullptr;
  if (box.width == 0 || box.height == 0) {
    problem = "has no area";
  } else if (box.x >= size.columns || box.y >= size.rows || box.x + box.width <= 0 || box.y + box.height <= 0) {
    problem = "lies outside the image";
  } else if (box.x < 0 || box.y < 0 || box.x + box.width > size.columns || box.y + box.height > size.rows) {
    problem = "lies partly outside the image and was cut";
  }
  if (problem == nullptr) return;
  warnings.push_back(fmt::format("'{}': box {} {} {} {} {} ({}x{} pixels)", image.string(), box.x, box.y, box.width,
                                 box.height, problem, size.columns, size.rows));
}

}  // namespace

CaseTruth read_truth(const PlannedCase& one, const fs::path& image, const SourceSize& size, int image_size,
                     SourceSlices& files) {
  CaseTruth truth;
  at::Tensor masks = at::zeros({image_size, image_size}), boxes = masks.clone();
  bool has_mask = false;
  std::vector<std::size_t> without_outside;
  for (const ManifestRow& row : one.rows) {
    const std::size_t first = truth.boxes.size();
    if (!row.mask.empty()) {
      const Image mask = read_mask(row.mask, image, size, files);
      const at::Tensor inside = prepared(mask, image_size);
      masks = at::maximum(masks, inside);
      has_mask = true;
      if (row.boxes.empty()) truth.boxes.push_back({row.label, bounding_box(mask), inside, {}});
    }
    for (const LabelledBox& box : row.boxes) {
      warn_about(box, image, size, truth.warnings);
      const at::Tensor inside = prepared(mask_of_box(box.box, size), image_size);
      boxes = at::maximum(boxes, inside);
      truth.boxes.push_back({box.label, box.box, inside, {}});
    }
    at::Tensor outside;
    if (!row.outside_mask.empty()) outside = prepared(read_mask(row.outside_mask, image, size, files), image_size);
    for (std::size_t k = first; k < truth.boxes.size(); ++k) {
      truth.boxes[k].outside = outside;
      if (!outside.defined()) without_outside.push_back(k);
    }
  }
  const at::Tensor nothing_there = (at::maximum(masks, boxes) <= 0.0).to(at::kFloat).contiguous();
  for (const std::size_t k : without_outside) truth.boxes[k].outside = nothing_there;
  truth.mask = ((has_mask ? masks : boxes) >= 0.5).to(at::kFloat).contiguous();
  // Boxes that cover no pixel mark nothing: an ill image with no others must not count as free of lesions.
  truth.known = !one.pathological || has_mask || truth.mask.any().item<bool>();
  if (!one.pathological && at::maximum(masks, boxes).gt(0.0).any().item<bool>()) {
    truth.warnings.push_back(
        fmt::format("{} is healthy by its label (or its set's name), but its mask or box marks "
                    "something",
                    PlannedImage{image, size.slice}.name()));
  }
  // Healthy people may have list rows without content (masks of zeros): these are no boxes.
  if (!one.pathological) std::erase_if(truth.boxes, [](const TruthBox& box) { return box.box.width == 0; });
  return truth;
}

}  // namespace ra

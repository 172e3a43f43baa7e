#include "ra/report/screening_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/io/npy.h"
#include "ra/io/write_image.h"
#include "ra/report/overlay.h"
#include "ra/report/tensor_picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

std::span<const float> values_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

void write_as_npy(const fs::path& path, const at::Tensor& tensor) {
  write_npy(path, values_of(tensor), tensor.sizes());
}

// [S,S] with the geometry of the slice it belongs to; without one the voxels are 1 mm.
void write_as_nifti(const fs::path& path, const at::Tensor& plane, const InputSlice& slice) {
  Image image;
  image.rows = plane.size(0);
  image.columns = plane.size(1);
  image.format = ImageFormat::kNifti;
  image.pixel_type = PixelType::kFloat;
  image.pixels.assign(plane.data_ptr<float>(), plane.data_ptr<float>() + plane.numel());
  image.world_from_voxel = slice.world_from_pixel;
  write_nifti(path, image);
}

constexpr std::string_view kMap = "_map", kReconstruction = "_reconstruction", kMask = "_mask";
constexpr std::string_view kOverlay = "_overlay.png";

std::string_view extension_of(MapFormat format) {
  switch (format) {
    case MapFormat::kNpy:
      return ".npy";
    case MapFormat::kPng:
      return ".png";
    case MapFormat::kNii:
      return ".nii";
  }
  return "";
}

// Writes one [S,S] or [C,S,S] result; `picture` is how it looks as a PNG.
void write_plane(const std::string& stem, const at::Tensor& tensor, const InputSlice& slice, MapFormat format,
                 const RgbPicture& picture) {
  const at::Tensor values = tensor.contiguous();
  const at::Tensor one = values.dim() == 3 && values.size(0) == 1 ? values[0] : values;
  const std::string path = stem + std::string(extension_of(format));
  switch (format) {
    case MapFormat::kNpy:
      return write_as_npy(path, one);
    case MapFormat::kPng:
      return write_picture(path, picture);
    case MapFormat::kNii:
      return write_as_nifti(path, one.dim() == 3 ? one.mean(0).contiguous() : one, slice);
  }
}

RgbPicture overlay_of(const std::string& name, const InputSlice& slice, const AnomalyResult& result,
                      const ColorScale& scale) {
  Overlay overlay;
  overlay.input = tensor_picture(slice.prepared.pixels);
  overlay.reconstruction = tensor_picture(result.reconstruction);
  overlay.map = tensor_picture(result.map);
  overlay.title = name;
  overlay.score = result.score;
  overlay.side_marks = slice.world_from_pixel.has_value();
  return render_overlay(overlay, scale);
}

}  // namespace

MapFormat map_format_from_string(std::string_view name) {
  if (name == "npy") return MapFormat::kNpy;
  if (name == "png") return MapFormat::kPng;
  if (name == "nii") return MapFormat::kNii;
  throw Error(ErrorCode::kUsage, fmt::format("unknown map format '{}': use npy, png or nii", name));
}

void ScreeningOutputs::choose(std::string_view words) {
  map = reconstruction = overlay = false;
  mask = words != "none";
  if (!mask) return;
  std::istringstream list{std::string(words)};
  for (std::string word; std::getline(list, word, ',');) {
    if (word == "map") {
      map = true;
    } else if (word == "reconstruction") {
      reconstruction = true;
    } else if (word == "overlay") {
      overlay = true;
    } else {
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot save '{}': choose from map, reconstruction and overlay, or none", word));
    }
  }
}

std::vector<std::string> ScreeningOutputs::endings() const {
  std::vector<std::string> all;
  const auto add = [&](bool wanted, std::string_view kind) {
    if (wanted) all.push_back(fmt::format("{}{}", kind, extension_of(format)));
  };
  add(map, kMap);
  add(reconstruction, kReconstruction);
  add(mask && threshold.has_value(), kMask);
  if (overlay) all.emplace_back(kOverlay);
  return all;
}

std::int64_t count_above(const at::Tensor& map, double threshold) {
  return (map >= static_cast<float>(threshold)).sum().item<std::int64_t>();
}

void write_slice_outputs(const fs::path& folder, const std::string& name, const InputSlice& slice,
                         const AnomalyResult& result, const ScreeningOutputs& outputs) {
  const fs::path stem = folder / name;
  if (stem.parent_path() != folder) make_output_folder(stem.parent_path());
  const ColorScale scale(outputs.map_maximum);
  const auto file = [&](std::string_view kind) { return stem.string() + std::string(kind); };
  if (outputs.map) {
    write_plane(file(kMap), result.map, slice, outputs.format, map_picture(tensor_picture(result.map), scale));
  }
  if (outputs.reconstruction) {
    write_plane(file(kReconstruction), result.reconstruction, slice, outputs.format,
                gray_picture(tensor_picture(result.reconstruction)));
  }
  if (outputs.mask && outputs.threshold) {
    const at::Tensor mask = (result.map >= static_cast<float>(*outputs.threshold)).to(at::kFloat);
    write_plane(file(kMask), mask, slice, outputs.format, gray_picture(tensor_picture(mask)));
  }
  if (outputs.overlay) write_picture(file(kOverlay), overlay_of(name, slice, result, scale));
}

}  // namespace ra

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

// [S,S] with the geometry of the slice it belongs to; without one the voxels are 1 mm.
std::vector<std::byte> nifti_of(const at::Tensor& plane, const InputSlice& slice) {
  Image image;
  image.rows = plane.size(0);
  image.columns = plane.size(1);
  image.format = ImageFormat::kNifti;
  image.pixel_type = PixelType::kFloat;
  image.pixels.assign(plane.data_ptr<float>(), plane.data_ptr<float>() + plane.numel());
  image.world_from_voxel = slice.world_from_pixel;
  return encode_nifti(image);
}

std::vector<std::byte> png_of(const RgbPicture& picture) {
  return encode_png(picture.pixels(), picture.columns(), picture.rows(), 3);
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

// One [S,S] or [C,S,S] result; `picture()` is how it looks as a PNG.
template <class Picture>
std::vector<std::byte> encode_plane(const at::Tensor& tensor, const InputSlice& slice, MapFormat format,
                                    Picture&& picture) {
  const at::Tensor values = tensor.contiguous();
  const at::Tensor one = values.dim() == 3 && values.size(0) == 1 ? values[0] : values;
  switch (format) {
    case MapFormat::kNpy:
      return encode_npy(values_of(one), one.sizes());
    case MapFormat::kPng:
      return png_of(picture());
    case MapFormat::kNii:
      return nifti_of(one.dim() == 3 ? one.mean(0).contiguous() : one, slice);
  }
  return {};
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

std::vector<OutputFile> encode_slice_outputs(const std::string& name, const InputSlice& slice,
                                             const AnomalyResult& result, const ScreeningOutputs& outputs) {
  const ColorScale scale(outputs.map_maximum);
  std::vector<OutputFile> files;
  const auto add = [&](std::string_view kind, const at::Tensor& plane, auto&& picture) {
    files.push_back({fmt::format("{}{}{}", name, kind, extension_of(outputs.format)),
                     encode_plane(plane, slice, outputs.format, picture)});
  };
  const auto add_gray = [&](std::string_view kind, const at::Tensor& plane) {
    add(kind, plane, [&] { return gray_picture(tensor_picture(plane)); });
  };
  if (outputs.map) add(kMap, result.map, [&] { return map_picture(tensor_picture(result.map), scale); });
  if (outputs.reconstruction) add_gray(kReconstruction, result.reconstruction);
  if (outputs.mask && outputs.threshold) {
    add_gray(kMask, (result.map >= static_cast<float>(*outputs.threshold)).to(at::kFloat));
  }
  if (outputs.overlay) {
    files.push_back({fmt::format("{}{}", name, kOverlay), png_of(overlay_of(name, slice, result, scale))});
  }
  return files;
}

void write_outputs(const fs::path& folder, const std::vector<OutputFile>& files, UnsyncedFiles& unsynced) {
  for (const OutputFile& file : files) {
    const fs::path path = folder / file.name;
    if (path.parent_path() != folder) make_output_folder(path.parent_path());
    write_file(path, std::span<const std::byte>(file.content), &unsynced);
  }
}

}  // namespace ra

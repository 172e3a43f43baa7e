#include "ra/detection/slice_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

// The affine of the prepared grid: prepare_slice pads to a square of side M, centred, and resizes it to S pixels
// with half-pixel centres, so that source = (target + 0.5) M/S - 0.5 - padding.
Affine prepared_geometry(const Affine& world_from_voxel, const Image& slice, int image_size) {
  const std::int64_t side = std::max(slice.columns, slice.rows);
  const double step = static_cast<double>(side) / image_size;
  const double first_column = 0.5 * step - 0.5 - static_cast<double>((side - slice.columns) / 2);
  const double first_row = 0.5 * step - 0.5 - static_cast<double>((side - slice.rows) / 2);
  Affine result = world_from_voxel;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& row = world_from_voxel[axis];
    result[axis][0] = row[0] * step;
    result[axis][1] = row[1] * step;
    result[axis][3] = row[3] + row[0] * first_column + row[1] * first_row;
  }
  return result;
}

// Whether nothing of the slice would be left after scaling: one value everywhere, or nothing above 0.
bool is_empty(const Image& slice) {
  const auto [low, high] = std::minmax_element(slice.pixels.begin(), slice.pixels.end());
  return *low == *high || *high <= 0.0f;
}

InputSlice prepare(const Image& slice, std::optional<std::int64_t> index, const InputOptions& options) {
  InputSlice result;
  result.index = index;
  result.prepared = prepare_slice(slice, options);
  if (slice.world_from_voxel) {
    result.world_from_pixel = prepared_geometry(*slice.world_from_voxel, slice, options.image_size);
  }
  return result;
}

}  // namespace

std::vector<InputSlice> read_slices(const std::filesystem::path& path, const SliceRule& rule,
                                    const InputOptions& options, std::size_t& constant) {
  Image image = read_image(path);
  std::vector<InputSlice> slices;
  if (!image.is_volume()) {
    slices.push_back(in_context("'" + path.string() + "'", [&] { return prepare(image, std::nullopt, options); }));
    return slices;
  }
  image = to_ras(image);  // lets go of the volume as it was stored
  const auto indices = in_context("'" + path.string() + "'", [&] { return rule.select(image.slices); });
  for (const std::int64_t k : indices) {
    const Image slice = axial_slice(image, k);
    if (is_empty(slice)) {
      ++constant;
      continue;
    }
    slices.push_back(
        in_context(fmt::format("'{}' slice {}", path.string(), k), [&] { return prepare(slice, k, options); }));
  }
  if (slices.empty()) {
    throw Error(ErrorCode::kBadInput, "'" + path.string() +
                                          "': every chosen slice is constant, there is nothing to screen; choose others "
                                          "with --slices");
  }
  return slices;
}

}  // namespace ra

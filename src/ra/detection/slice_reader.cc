#include "ra/detection/slice_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

}  // namespace

InputSlices::InputSlices(std::filesystem::path path, const SliceRule& rule, const InputOptions& options)
    : path_(std::move(path)), options_(options), image_(read_image(path_)) {
  if (!image_.is_volume()) {
    indices_.emplace_back(std::nullopt);
    return;
  }
  image_ = to_ras(image_);  // lets go of the volume as it was stored
  for (const std::int64_t k : in_context("'" + path_.string() + "'", [&] { return rule.select(image_.slices); })) {
    if (is_empty(axial_slice(image_, k))) {
      ++constant_;
    } else {
      indices_.emplace_back(k);
    }
  }
  if (indices_.empty()) {
    throw Error(ErrorCode::kBadInput,
                "'" + path_.string() +
                    "': every chosen slice is constant, there is nothing to screen; choose others "
                    "with --slices");
  }
}

InputSlice InputSlices::prepare(std::size_t k) const {
  const std::optional<std::int64_t> index = indices_[k];
  const auto prepared = [&](const Image& slice) {
    InputSlice result{index, prepare_slice(slice, options_), std::nullopt};
    if (slice.world_from_voxel) {
      result.world_from_pixel = prepared_geometry(*slice.world_from_voxel, slice, options_.image_size);
    }
    return result;
  };
  if (!index) return in_context("'" + path_.string() + "'", [&] { return prepared(image_); });
  return in_context(fmt::format("'{}' slice {}", path_.string(), *index),
                    [&] { return prepared(axial_slice(image_, *index)); });
}

std::vector<InputSlice> read_slices(const std::filesystem::path& path, const SliceRule& rule,
                                    const InputOptions& options, std::size_t& constant) {
  const InputSlices input(path, rule, options);
  constant += input.constant();
  std::vector<InputSlice> slices;
  for (std::size_t k = 0; k < input.size(); ++k) slices.push_back(input.prepare(k));
  return slices;
}

}  // namespace ra

#include "ra/data/synthetic_brain.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/data/synthetic_imaging.h"

namespace ra {
namespace {

// The picture without the scanner, with and without the lesion, and how much of each pixel is foreign tissue.
struct CleanSlices {
  Raster healthy;
  Raster lesioned;
  Raster coverage;
  Raster ventricle_distance;
};

CleanSlices render_clean(const Head& head, const HeadPose& pose, const Lesion* lesion, int columns, int rows) {
  CleanSlices slices{Raster(columns, rows), Raster(0, 0), Raster(0, 0), Raster(0, 0)};
  if (lesion) slices.lesioned = slices.coverage = slices.ventricle_distance = slices.healthy;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const HeadPoint point = pose.head_from_pixel(column, row);
      slices.healthy.at(column, row) = head.brightness.sample(point);
      if (!lesion) continue;
      const Lesion::Effect effect = lesion->at(point);
      slices.lesioned.at(column, row) = effect.brightness;
      slices.coverage.at(column, row) = effect.coverage;
      slices.ventricle_distance.at(column, row) = head.ventricle_distance.sample(point);
    }
  }
  return slices;
}

// The largest value within `reach` pixels, along both axes.
Raster widened(const Raster& picture, int reach) {
  Raster across(picture.columns, picture.rows);
  Raster out(picture.columns, picture.rows);
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      const auto begin = picture.values.begin() + static_cast<std::ptrdiff_t>(row) * picture.columns;
      const int first = std::max(column - reach, 0);
      const int last = std::min(column + reach, picture.columns - 1);
      across.at(column, row) = *std::max_element(begin + first, begin + last + 1);
    }
  }
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      float largest = across.at(column, row);
      for (int r = std::max(row - reach, 0); r <= std::min(row + reach, picture.rows - 1); ++r) {
        largest = std::max(largest, across.at(column, r));
      }
      out.at(column, row) = largest;
    }
  }
  return out;
}

// Mean of |lesioned - healthy| over 5x5 pixels: a region instead of the thin lines along every edge that moved.
Raster visible_change(const CleanSlices& slices) {
  const int columns = slices.healthy.columns;
  const int rows = slices.healthy.rows;
  Raster change(columns, rows);
  for (int row = 2; row < rows - 2; ++row) {
    for (int column = 2; column < columns - 2; ++column) {
      float sum = 0.0f;
      for (int r = row - 2; r <= row + 2; ++r) {
        for (int c = column - 2; c <= column + 2; ++c) {
          sum += std::fabs(slices.lesioned.at(c, r) - slices.healthy.at(c, r));
        }
      }
      change.at(column, row) = sum / 25.0f;
    }
  }
  return change;
}

std::vector<std::uint8_t> lesion_mask(const CleanSlices& slices, const Lesion& lesion) {
  constexpr float kForeignShare = 0.35f;
  constexpr float kVisibleChange = 32.0f;
  const Raster change = lesion.mask_by_change_within() ? visible_change(slices) : Raster(0, 0);
  std::vector<std::uint8_t> mask(slices.healthy.values.size(), 0);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bool in_lesion = slices.coverage.values[i] > kForeignShare;
    if (lesion.mask_by_change_within()) {
      in_lesion |=
          change.values[i] > kVisibleChange && slices.ventricle_distance.values[i] < *lesion.mask_by_change_within();
    }
    mask[i] = in_lesion ? 255 : 0;
  }
  return mask;
}

std::vector<std::uint8_t> untouched(const CleanSlices& slices) {
  Raster touched(slices.healthy.columns, slices.healthy.rows);
  for (std::size_t i = 0; i < touched.values.size(); ++i) {
    const bool same = slices.lesioned.values[i] == slices.healthy.values[i] && slices.coverage.values[i] == 0.0f;
    touched.values[i] = same ? 0.0f : 1.0f;
  }
  touched = widened(touched, kBlurReach);
  std::vector<std::uint8_t> outside(touched.values.size());
  for (std::size_t i = 0; i < outside.size(); ++i) outside[i] = touched.values[i] > 0.0f ? 0 : 255;
  return outside;
}

}  // namespace

void SyntheticBrainOptions::validate() const {
  constexpr std::int64_t kSmallest = 32;
  constexpr std::int64_t kLargest = 4096;
  if (std::min(columns, rows) < kSmallest || std::max(columns, rows) > kLargest) {
    throw Error(ErrorCode::kUsage, fmt::format("synthetic brain: columns x rows is {} x {}; both must lie in [{}, {}]",
                                               columns, rows, kSmallest, kLargest));
  }
}

SyntheticBrain make_brain(const SyntheticBrainOptions& options, std::uint64_t seed, std::uint32_t index) {
  options.validate();
  const int columns = static_cast<int>(options.columns);
  const int rows = static_cast<int>(options.rows);
  const float scale = std::min(static_cast<float>(columns) / 197.0f, static_cast<float>(rows) / 233.0f);
  const Head head = make_head(CounterRandom(seed, 0, index, Purpose::kBrainAnatomy));
  // Epoch 1 of the same purpose: the pose's draws stay apart from the anatomy's.
  CounterRandom pose_random(seed, 1, index, Purpose::kBrainAnatomy);
  const HeadPose pose(columns, rows, scale, pose_random);
  std::optional<Lesion> lesion;
  if (options.lesion) {
    const auto stream = static_cast<std::uint32_t>(*options.lesion);
    lesion = Lesion::place(*options.lesion, head, CounterRandom(seed, stream, index, Purpose::kLesion));
  }
  const CleanSlices slices = render_clean(head, pose, lesion ? &*lesion : nullptr, columns, rows);

  SyntheticBrain brain{columns, rows, {}, {}, {}, options.lesion};
  brain.image = scan(lesion ? slices.lesioned : slices.healthy, CounterRandom(seed, 0, index, Purpose::kBrainImaging));
  if (lesion) {
    brain.mask = lesion_mask(slices, *lesion);
    brain.outside = untouched(slices);
  }
  return brain;
}

}  // namespace ra

#include "ra/data/slice_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ra/base/error.h"
#include "ra/data/brain_outline.h"
#include "ra/data/mask_regions.h"
#include "ra/data/slice_ventricles.h"

namespace ra {
namespace {

// mm2 of a middle-sized head and brain in a mid-axial slice (MNI152 space), and the least that lesions fit into.
constexpr double kHeadArea = 26000.0;
constexpr double kBrainArea = 18500.0;
constexpr double kLeastBrainArea = 6000.0;
constexpr int kFrame = 240;  // mm of the head's frame along both axes

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::kBadInput, reason); }

// The slice resampled to 1 mm in the pose's frame; a pixel of it is a mean where the slice is finer.
Raster in_frame(const Raster& slice, const SlicePose& pose, int columns, int rows) {
  Raster frame(columns, rows);
  const int parts = std::clamp(static_cast<int>(std::lround(1.0f / std::min(pose.column_mm, pose.row_mm))), 1, 8);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const HeadPoint middle = frame.point(column, row);
      float sum = 0.0f;
      for (int part = 0; part < parts * parts; ++part) {
        const auto within = [&](int k) { return (static_cast<float>(k) + 0.5f) / static_cast<float>(parts) - 0.5f; };
        const auto at = pose.pixel_from_head({middle.x + within(part % parts), middle.y + within(part / parts)});
        sum += slice.sample({at.column - slice.origin_column(), at.row - slice.origin_row()});
      }
      frame.at(column, row) = sum / static_cast<float>(parts * parts);
    }
  }
  return frame;
}

// Pixel edges and the slice's middle; without geometry, the head is taken for one of middle size.
SlicePose first_pose(const Image& slice, const Raster& gray, std::optional<double> pixel_mm) {
  SlicePose pose{gray.origin_column(), gray.origin_row()};
  const auto spacing = slice.spacing_mm();
  if (pixel_mm) {
    pose.column_mm = pose.row_mm = static_cast<float>(*pixel_mm);
  } else if (spacing) {
    pose.column_mm = static_cast<float>((*spacing)[0]);
    pose.row_mm = static_cast<float>((*spacing)[1]);
  } else {
    OtsuSplit split = otsu_split(gray.values);
    fill_holes(split.mask, gray.columns, gray.rows);
    keep_largest_region(split.mask, gray.columns, gray.rows);
    const auto head = static_cast<double>(std::count(split.mask.begin(), split.mask.end(), 1));
    if (head < 1.0) refuse("shows no brain: it is blank; give axial T1-weighted slices");
    pose.column_mm = pose.row_mm = static_cast<float>(std::sqrt(kHeadArea / head));
  }
  return pose;
}

void require_usable_size(const Image& slice) {
  constexpr std::int64_t kSmallest = 32, kLargest = 4096;
  if (std::min(slice.columns, slice.rows) < kSmallest || std::max(slice.columns, slice.rows) > kLargest) {
    refuse(fmt::format("is {} x {} pixels; lesions need {} to {} along both axes", slice.columns, slice.rows, kSmallest,
                       kLargest));
  }
}

void require_usable_spacing(const Raster& gray, const SlicePose& pose) {
  constexpr int kLargestFrame = 1024;
  constexpr float kCoarsest = 4.5f;
  if (std::max(pose.column_mm, pose.row_mm) > kCoarsest) {
    refuse(fmt::format("has pixels of {:.1f} mm; lesions need {} mm or less", std::max(pose.column_mm, pose.row_mm),
                       kCoarsest));
  }
  const float widest =
      std::max(pose.column_mm * static_cast<float>(gray.columns), pose.row_mm * static_cast<float>(gray.rows));
  if (widest > kLargestFrame) {
    refuse(fmt::format("is {:.0f} mm wide, which no head is; say the edge of a pixel with --spacing", widest));
  }
}

// The slice's own frame, moved to the brain's middle, turned along it, and scaled to its size where mm are unknown.
SlicePose pose_of(const SlicePose& first, const BrainOutline& brain, const Raster& frame, bool scale_known) {
  // A head that lies far from upright must show it clearly: near the base of the skull, the outline may be a poor one.
  constexpr float kLonger = 1.08f, kClearlyLonger = 1.15f, kFarTurn = 0.4f;
  SlicePose pose = first;
  const auto middle = first.pixel_from_head({brain.column - frame.origin_column(), brain.row - frame.origin_row()});
  pose.origin_column = middle.column;
  pose.origin_row = middle.row;
  const auto axis = brain.longest_axis();
  if (axis.elongation > (std::fabs(axis.turn) > kFarTurn ? kClearlyLonger : kLonger)) pose.turn = axis.turn;
  if (!scale_known) {
    const auto factor = static_cast<float>(std::sqrt(kBrainArea / brain.area()));
    pose.column_mm *= factor;
    pose.row_mm *= factor;
  }
  return pose;
}

float quantile(std::vector<float>& values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Gray and white matter part at Otsu's threshold; fluid is what lies deep and is much darker than gray matter (not its
// median: narrow ventricles share most of their pixels with tissue).
TissueLevels levels_of(const Raster& soft, const Raster& depth, float threshold) {
  std::vector<float> tissue, classes[2], fluid;
  for (std::size_t i = 0; i < soft.values.size(); ++i) {
    if (depth.values[i] > 2.0f && soft.values[i] > threshold) tissue.push_back(soft.values[i]);
  }
  if (tissue.empty()) refuse("shows no brain tissue; give axial T1-weighted slices");
  const OtsuSplit split = otsu_split(tissue);
  for (std::size_t i = 0; i < tissue.size(); ++i) classes[split.mask[i]].push_back(tissue[i]);
  if (classes[0].empty() || classes[1].empty()) {
    refuse("has one brightness all over the brain; give T1-weighted slices");
  }
  TissueLevels levels{0.0f, quantile(classes[0], 0.5), quantile(classes[1], 0.5)};
  constexpr float kDarker = 0.6f, kUsual = 0.33f;
  for (std::size_t i = 0; i < soft.values.size(); ++i) {
    if (depth.values[i] > 12.0f && soft.values[i] < kDarker * levels.gray) fluid.push_back(soft.values[i]);
  }
  constexpr std::size_t kEnough = 20;
  levels.fluid = fluid.size() < kEnough ? kUsual * levels.gray : quantile(fluid, 0.3);
  if (!(levels.fluid < levels.gray && levels.gray < levels.white && levels.gray > 0.0f)) {
    refuse("has no T1 contrast: fluid must be darker than gray matter, and gray darker than white matter");
  }
  return levels;
}

// White matter's own level around every point, as a share of the slice's.
Raster gain_of(const Raster& soft, const Raster& depth, const TissueLevels& levels) {
  constexpr int kReach = 14;
  const float least = mix(levels.gray, levels.white, 0.35f);
  Raster sum(soft.columns, soft.rows), weight(soft.columns, soft.rows);
  for (std::size_t i = 0; i < soft.values.size(); ++i) {
    const float value = soft.values[i];
    if (depth.values[i] < 3.0f || value < least || value > 1.3f * levels.white) continue;
    sum.values[i] = value / levels.white;
    weight.values[i] = 1.0f;
  }
  for (int pass = 0; pass < 3; ++pass) {
    sum = box_mean(sum, kReach);
    weight = box_mean(weight, kReach);
  }
  // Little white matter nearby says little: there the gain tends to 1.
  constexpr float kDoubt = 0.02f;
  Raster gain(soft.columns, soft.rows, 1.0f);
  for (std::size_t i = 0; i < gain.values.size(); ++i) {
    gain.values[i] = std::clamp((sum.values[i] + kDoubt) / (weight.values[i] + kDoubt), 0.6f, 1.6f);
  }
  return gain;
}

}  // namespace

float TissueLevels::to_scale(float value) const {
  using Tissue = TissueBrightness;
  return value < gray ? Tissue::kCsf + (value - fluid) * (Tissue::kCortex - Tissue::kCsf) / (gray - fluid)
                      : Tissue::kCortex + (value - gray) * (Tissue::kWhiteMatter - Tissue::kCortex) / (white - gray);
}

float TissueLevels::from_scale(float brightness) const {
  using Tissue = TissueBrightness;
  return brightness < Tissue::kCortex
             ? fluid + (brightness - Tissue::kCsf) * (gray - fluid) / (Tissue::kCortex - Tissue::kCsf)
             : gray + (brightness - Tissue::kCortex) * (white - gray) / (Tissue::kWhiteMatter - Tissue::kCortex);
}

HeadPoint SlicePose::head_from_pixel(float column, float row) const {
  const float x = (column - origin_column) * column_mm;
  const float y = (row - origin_row) * row_mm;
  return {std::cos(turn) * x + std::sin(turn) * y, std::cos(turn) * y - std::sin(turn) * x};
}

SlicePose::Pixel SlicePose::pixel_from_head(HeadPoint point) const {
  const float x = std::cos(turn) * point.x - std::sin(turn) * point.y;
  const float y = std::sin(turn) * point.x + std::cos(turn) * point.y;
  return {origin_column + x / column_mm, origin_row + y / row_mm};
}

Raster gray_values(const Image& slice) {
  Raster gray(static_cast<int>(slice.columns), static_cast<int>(slice.rows));
  for (std::size_t i = 0; i < gray.values.size(); ++i) {
    float sum = 0.0f;
    for (std::int64_t c = 0; c < slice.channels; ++c) {
      sum += slice.pixels[i * static_cast<std::size_t>(slice.channels) + static_cast<std::size_t>(c)];
    }
    gray.values[i] = sum / static_cast<float>(slice.channels);
  }
  return gray;
}

SliceHead read_slice_head(const Image& slice, std::optional<double> pixel_mm) {
  require_usable_size(slice);
  const Raster gray = gray_values(slice);
  const SlicePose first = first_pose(slice, gray, pixel_mm);
  require_usable_spacing(gray, first);
  const bool scale_known = pixel_mm || slice.spacing_mm();
  const auto size = [](float pixels, float mm) { return std::max(static_cast<int>(std::ceil(pixels * mm)), 3); };
  const Raster whole = in_frame(gray, first, size(static_cast<float>(gray.columns), first.column_mm),
                                size(static_cast<float>(gray.rows), first.row_mm));
  const auto rough = find_brain(whole);
  if (!rough) refuse("shows no brain; give axial T1-weighted slices");
  const SlicePose pose = pose_of(first, *rough, whole, scale_known);

  Raster soft = in_frame(gray, pose, kFrame, kFrame);
  const auto brain = find_brain(soft);
  if (!brain || brain->area() < kLeastBrainArea) {
    refuse(fmt::format("shows {:.0f} cm2 of brain; lesions need {:.0f}", brain ? brain->area() / 100.0 : 0.0,
                       kLeastBrainArea / 100.0));
  }
  // The surface is known from the point that it was measured from: the frame moves there.
  SlicePose final_pose = pose;
  const auto middle = pose.pixel_from_head({brain->column - soft.origin_column(), brain->row - soft.origin_row()});
  final_pose.origin_column = middle.column;
  final_pose.origin_row = middle.row;
  soft = in_frame(gray, final_pose, kFrame, kFrame);
  blur(soft, 0.2f);

  const HeadOutline outline(brain->radii);
  Raster depth(kFrame, kFrame);
  for (int row = 0; row < kFrame; ++row) {
    for (int column = 0; column < kFrame; ++column) depth.at(column, row) = outline.depth(depth.point(column, row));
  }
  const TissueLevels levels = levels_of(soft, depth, brain->threshold);
  Raster gain = gain_of(soft, depth, levels);
  for (std::size_t i = 0; i < soft.values.size(); ++i) {
    soft.values[i] = levels.to_scale(soft.values[i] / gain.values[i]);
  }
  SliceVentricles ventricles = find_ventricles(soft, depth);
  Head head{HeadTraits{},    outline,          std::move(ventricles.paths),
            std::move(soft), std::move(depth), std::move(ventricles.distance)};
  return {std::move(head), final_pose, levels, std::move(gain), scale_known};
}

}  // namespace ra

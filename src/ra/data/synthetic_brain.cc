#include "ra/data/synthetic_brain.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/data/lesion_mask.h"
#include "ra/data/synthetic_imaging.h"

namespace ra {
namespace {

constexpr int kMaskWindow = 2;

RenderedLesion render_clean(const Head& head, const HeadPose& pose, const Lesion* lesion, int columns, int rows) {
  RenderedLesion slices(columns, rows);
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
  const RenderedLesion slices = render_clean(head, pose, lesion ? &*lesion : nullptr, columns, rows);

  SyntheticBrain brain{columns, rows, {}, {}, {}, options.lesion};
  brain.image = scan(lesion ? slices.lesioned : slices.healthy, CounterRandom(seed, 0, index, Purpose::kBrainImaging));
  if (lesion) {
    brain.mask = lesion_mask(slices, lesion->mask_by_change_within(), kMaskWindow);
    brain.outside = untouched(slices, kBlurReach);
  }
  return brain;
}

}  // namespace ra

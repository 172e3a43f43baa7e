#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/synthetic_head.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// The pathologies that can be put into a synthetic brain. Steps to add one: a value here and in kLesionKinds, its
// name in to_string, a case in Lesion::place.
enum class LesionKind {
  kMass,                // irregular tumour, dark or with a bright rim, with oedema, that pushes tissue away
  kWhiteMatterLesions,  // many small dark foci around the ventricles
  kResectionCavity,     // a hole filled with fluid that reaches the brain's surface
  kEnlargedVentricles,  // ventricles that push the tissue around them outwards
  kMidlineShift,        // a collection of blood under the skull that shifts the midline to the other side
  kHaemorrhage,         // a bright blob with a dark margin
};
inline constexpr std::array kLesionKinds{LesionKind::kMass,
                                         LesionKind::kWhiteMatterLesions,
                                         LesionKind::kResectionCavity,
                                         LesionKind::kEnlargedVentricles,
                                         LesionKind::kMidlineShift,
                                         LesionKind::kHaemorrhage};
std::string_view to_string(LesionKind kind);
LesionKind lesion_kind_from_string(const std::string& name);  // kUsage for an unknown name

// One lesion placed in a head: where it draws tissue from (a displacement, mass effect) and what it paints.
class Lesion {
 public:
  // Whether the head has what this kind needs: ventricles on both sides, where they are enlarged or foci lie round
  // them.
  static bool fits(LesionKind kind, const Head& head);

  // Chooses place, size and appearance; a function of the head and of the random stream alone.
  static Lesion place(LesionKind kind, const Head& head, CounterRandom random);

  struct Effect {
    float brightness;  // of the head with the lesion, TissueBrightness's scale
    float coverage;    // share of foreign tissue, [0, 1]; displaced tissue is not foreign
  };
  // At a point of the head's frame. Where the lesion does nothing, brightness is exactly head.brightness's sample.
  Effect at(HeadPoint point) const;
  // The same in its two steps: where the tissue at a point came from, and what is painted over it there.
  HeadPoint source_of(HeadPoint point) const;
  Effect painted(HeadPoint point, HeadPoint source, float brightness_at_source) const;

  LesionKind kind() const { return kind_; }
  // The mask of a deformation is where the picture changes within this distance of the ventricles (mm); empty for
  // lesions whose mask is their foreign tissue.
  std::optional<float> mask_by_change_within() const { return mask_by_change_within_; }

 private:
  // A soft-edged irregular blob.
  struct Blob {
    HeadPoint centre;
    float radius = 0.0f;
    float stretch = 1.0f;  // of the axis at `tilt`
    float tilt = 0.0f;
    std::array<float, 4> wave_amplitudes{};  // of 2, 3, 4, 5 periods, as a share of the radius
    std::array<float, 4> wave_phases{};
    float edge = 1.5f;  // width of the soft edge in mm
    float brightness = 0.0f;
    float texture = 0.0f;  // amplitude of the variation inside
    float opacity = 1.0f;
    bool darken_only = false;

    float share_at(HeadPoint point) const;
  };
  // What moves the tissue.
  struct Push {
    enum class Kind { kNone, kFromPoint, kFromVentricles, kSideways };
    Kind kind = Kind::kNone;
    HeadPoint centre;       // kFromPoint
    float distance = 0.0f;  // mm at its strongest
    float reach = 0.0f;     // mm at which it ends
    float side = 0.0f;      // kSideways: which side pushes, -1 left, +1 right of the picture
  };

  Lesion(LesionKind kind, const Head& head, CounterRandom& random);
  void place_mass(CounterRandom& random);
  void place_white_matter_lesions(CounterRandom& random);
  void place_resection_cavity(CounterRandom& random);
  void place_enlarged_ventricles(CounterRandom& random);
  void place_midline_shift(CounterRandom& random);
  void place_haemorrhage(CounterRandom& random);

  static Blob irregular_blob(HeadPoint centre, float radius, float wildness, CounterRandom& random);
  HeadPoint point_in_brain(float min_depth, float max_depth, CounterRandom& random) const;
  HeadPoint source_from_ventricles(HeadPoint point) const;

  LesionKind kind_;
  const Head* head_;
  Raster texture_;
  std::vector<Blob> blobs_;  // painted in this order
  Push push_;
  float collection_brightness_ = 0.0f;  // kSideways: of what fills the gap under the skull
  std::optional<float> mask_by_change_within_;
};

}  // namespace ra

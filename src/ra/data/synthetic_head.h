#pragma once

#include <array>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/synthetic_raster.h"

namespace ra {

// What makes one synthetic person's slice differ from another's. Lengths in mm.
struct HeadTraits {
  float age = 0.5f;             // 0 young to 1 old: wider ventricles, sulci and outer spaces, thinner cortex
  float level = 0.5f;           // height of the slice: 0 through the thalamus, 1 through the ventricles' bodies
  float ventricle_size = 1.0f;  // factor on the width of the lateral ventricles
  float asymmetry = 0.0f;       // added to the factor on one side, taken from it on the other
  float cortex_thickness = 3.0f;
  float sulcus_half_width = 0.6f;
  float marrow = 60.0f;  // brightness of the skull's marrow
  float fat = 260.0f;    // brightness of the fat under the scalp

  static HeadTraits draw(CounterRandom& random);
};

// Brightness of the tissues on a T1-weighted slice before the scanner adds its own, 255 being the top.
struct TissueBrightness {
  static constexpr float kCsf = 58.0f;
  static constexpr float kCortex = 172.0f;
  static constexpr float kCaudate = 192.0f;
  static constexpr float kPutamen = 196.0f;
  static constexpr float kThalamus = 207.0f;
  static constexpr float kPallidum = 216.0f;
  static constexpr float kWhiteMatter = 236.0f;
};

// The head's layers by direction: angle 0 is the right of the picture, a quarter turn is posterior.
class HeadOutline {
 public:
  static constexpr int kAngles = 720;
  struct Layers {
    float brain;  // radius of the brain's surface; the others are thicknesses outwards from it
    float csf;
    float skull;
    float scalp;
    float marrow;  // brightness of the skull's marrow
    float slant;   // cosine between the radius and the surface's normal
  };

  HeadOutline(const HeadTraits& traits, CounterRandom& random);
  // A measured surface, with nothing known of what lies above it.
  explicit HeadOutline(const std::array<float, kAngles>& brain_radii);

  // The layers at a point whose angle is `turns` of kAngles (from polar_turns).
  Layers at(float turns) const;
  // Distance from the brain's surface in mm, positive inside.
  float depth(HeadPoint point) const;
  // The surface point at that angle.
  HeadPoint surface(float turns) const;

 private:
  void set_slants();

  std::array<Layers, kAngles> layers_{};
};

// The angle of a point in HeadOutline's steps, [0, kAngles).
float polar_turns(HeadPoint point);

// One side's lateral ventricle: a line down its middle with its half-width at each point.
struct VentriclePath {
  std::vector<HeadPoint> points;
  std::vector<float> half_widths;
};

// A person's slice in the head's frame: brightness, and the two distances that lesions are placed by.
struct Head {
  HeadTraits traits;
  HeadOutline outline;
  std::array<VentriclePath, 2> ventricles;  // left and right of the picture
  Raster brightness;                        // TissueBrightness's scale; 0 in air
  Raster depth;                             // mm below the brain's surface, negative outside
  Raster ventricle_distance;                // mm from the ventricles' walls, at most kVentricleReach
  static constexpr float kVentricleReach = 30.0f;
};

// Draws one person; a function of the random stream alone.
Head make_head(CounterRandom random);

}  // namespace ra

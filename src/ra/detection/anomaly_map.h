#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "ra/model/perceptual.h"

namespace ra {

// Every stage of the anomaly map of N pairs, float32. "equalised" is CLAHE of the image clamped to [0,1].
struct AnomalyStages {
  at::Tensor equalised_image;           // [N,C,S,S] in [0,1]
  at::Tensor equalised_reconstruction;  // [N,C,S,S] in [0,1]
  at::Tensor perceptual;                // [N,1,S,S] >= 0, of the clamped pair
  at::Tensor perceptual_smooth;         // the same after the Gaussian
  at::Tensor equalised_perceptual;      // [N,1,S,S] >= 0, of the equalised pair
  at::Tensor equalised_perceptual_smooth;
  at::Tensor map;     // [N,S,S] >= 0
  at::Tensor scores;  // [N] float64: mean of the map over all pixels
};

// Standard deviation, in pixels, of the Gaussian that smooths the perceptual distances.
inline constexpr double kPerceptualSigma = 2.0;

// Which CLAHE and Gaussian make the map. Both give the same.
enum class MapFilters {
  kOfDevice,   // clahe() and gaussian_filter() for images on the CPU, kByTensors for others
  kByTensors,  // clahe_by_tensors() and gaussian_filter_by_tensors(), which run on any device
};

// The anomaly map of RA (Bercea et al., MIDL 2023, section 3.2): |eq(rec) - eq(x)| * G(L(rec,x)) * G(L(eq rec, eq x)),
// averaged over the image channels. Both are [N,C,S,S] float32 on the same device; S at least 8. `plain` is
// L(rec,x), [N,1,S,S], where it is known already.
AnomalyStages anomaly_stages(const at::Tensor& images, const at::Tensor& reconstructions,
                             const PerceptualDistance& perceptual, const at::Tensor& plain = {},
                             MapFilters filters = MapFilters::kOfDevice);

// The score of a slice, [1,C,S,S], against its reconstruction from each row of `noise`, [K,Z]: [K] float64. The
// posterior's two are [1,Z]; `decode` takes [1,Z] to [1,C,S,S].
at::Tensor scores_of_samples(const at::Tensor& slice, const at::Tensor& mean, const at::Tensor& log_variance,
                             const at::Tensor& noise, const std::function<at::Tensor(const at::Tensor&)>& decode,
                             const PerceptualDistance& perceptual);

// The map value that pictures show brightest where the model does not say: about the brightest pixel of a clear
// lesion (docs/decisions.md, "One colour scale"). Depends on the unit of the perceptual distance.
double default_map_maximum(const PerceptualDistance& perceptual);

// Mean absolute difference of each pair, not clamped: [N,C,S,S] twice -> [N] float64. The reference logs it as "MSE".
at::Tensor mean_absolute_errors(const at::Tensor& images, const at::Tensor& reconstructions);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/evaluation/evaluation_plan.h"
#include "ra/evaluation/evaluation_results.h"
#include "ra/evaluation/opponents.h"

namespace ra {

// What the gallery shows of a case: all [S,S] float32 on the CPU, good until the sink returns.
struct CasePictures {
  at::Tensor input, reconstruction, perceptual, map;
  std::optional<at::Tensor> thresholded;  // 0 or 1; absent without a threshold
  std::optional<at::Tensor> truth;        // 0 or 1; absent where unknown
};
using CaseSink = std::function<void(const CaseRecord&, const CasePictures&)>;

struct CaseOptions {
  std::filesystem::path scratch;    // folder for a temporary file with the maps
  std::optional<double> threshold;  // on pixels of the map; absent: 5 % of all pixels of the healthy maps, strict
  bool latents = false;             // needs one more pass of reconstructions through the encoder
  bool truth = true;                // reads masks and boxes
};

// The bins of pixel-level metrics: 16 parts an octave from 2^-24 to 2^8, so a threshold is off by less than 1/16 of its
// value, and 1,000 cases can be drawn 2000 times within seconds.
MapBins evaluation_bins();

// Methods are the detector ("ra"), its map normalised per pixel where the calibration has the numbers
// ("ra_normalised"), and the opponents. Fills sets, methods, cases, thresholds, threshold, failures and warnings of the
// results. Every image goes through the detector once; its maps wait on disk until the healthy ones have fixed the
// threshold, then each case is judged and handed to `sink` in the order of cases. A file that cannot be used is named
// in failures, and the rest goes on.
EvaluationResults run_cases(const AnomalyDetector& detector, const EvaluationPlan& plan,
                            const std::vector<std::unique_ptr<Opponent>>& opponents, const CaseOptions& options,
                            const CaseSink& sink,
                            const std::function<void(std::size_t done, std::size_t total)>& progress);

}  // namespace ra

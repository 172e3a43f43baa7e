#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ra/evaluation/case_truth.h"
#include "ra/evaluation/evaluation_results.h"
#include "ra/metrics/map_bins.h"

namespace ra {

// What is judged of one image, each [S*S] in raster order.
struct JudgedMaps {
  std::int64_t side = 0;                     // S
  std::vector<std::span<const float>> maps;  // one a method, the detector first
  std::vector<std::uint8_t> brain;           // 1 on brain pixels
};

// 1 where a plane [S,S] float32 reaches 0.5.
std::vector<std::uint8_t> mask_of(const at::Tensor& plane);

// The values of a contiguous float32 plane.
std::span<const float> values_of(const at::Tensor& plane);

// Fills what the truth of a case says: `pixels` of every method where the truth is known, and, with a threshold,
// `dice`, `marks` and `boxes` of the detector.
void judge_case(const JudgedMaps& maps, const CaseTruth& truth, const std::optional<double>& threshold,
                const MapBins& bins, CaseRecord& record);

}  // namespace ra

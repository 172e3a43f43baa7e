#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/evaluation/evaluation_plan.h"
#include "ra/evaluation/source_slices.h"

namespace ra {

// The slice that masks and boxes refer to, by its size.
struct SourceSize {
  std::int64_t columns = 0, rows = 0, slices = 1;
  std::optional<std::int64_t> slice = {};  // as SourceSlices::read() takes it
};

// The truth of one box or one row's mask on the prepared grid.
struct TruthBox {
  std::string label;
  Box box;             // in the image's own pixels
  at::Tensor inside;   // [S,S] float32, fractional
  at::Tensor outside;  // [S,S] float32: where a positive pixel counts as false
};

struct CaseTruth {
  bool known = false;  // healthy, or with a mask, or with a box that covers a pixel
  at::Tensor mask;     // [S,S] float32, 1 in the truth: where the union of masks (else boxes) reaches 0.5
  std::vector<TruthBox> boxes;
  std::vector<std::string> warnings;  // boxes without area or outside the image, marks in a healthy one
};

// Reads masks and draws boxes. A row with boxes gives one TruthBox each, a row with a mask alone gives one. Without an
// outside mask, all that no box or mask of the case covers counts as outside. Masks are read through `files`. kBadInput
// naming both files when a mask has another size than its image.
CaseTruth read_truth(const PlannedCase& one, const std::filesystem::path& image, const SourceSize& size, int image_size,
                     SourceSlices& files);

}  // namespace ra

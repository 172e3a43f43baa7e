#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/evaluation/evaluation_plan.h"
#include "ra/image/image.h"

namespace ra {

// The middle slice of a volume, or the picture itself, as in the file: what a mask must fit.
struct SourceSlice {
  Image picture;
  std::int64_t slices = 1;  // of the file
};

// kBadInput when the file cannot be read.
SourceSlice read_source_slice(const std::filesystem::path& file);

// Size of the slice that masks and boxes refer to.
struct SourceSize {
  std::int64_t columns = 0, rows = 0, slices = 1;
};

// The truth of one box or one row's mask on the prepared grid.
struct TruthBox {
  std::string label;
  Box box;             // in the image's own pixels
  at::Tensor inside;   // [S,S] float32, fractional
  at::Tensor outside;  // [S,S] float32: where a positive pixel counts as false
};

struct CaseTruth {
  bool known = false;  // healthy, or with a mask or box
  at::Tensor mask;     // [S,S] float32, 1 in the truth: where the union of masks (else boxes) reaches 0.5
  std::vector<TruthBox> boxes;
  std::vector<std::string> warnings;  // boxes without area or outside the image
};

// Reads masks and draws boxes. A row with boxes gives one TruthBox each, a row with a mask alone gives one. Without an
// outside mask, all that no box or mask of the case covers counts as outside. kBadInput naming both files when a mask
// has another size than its image.
CaseTruth read_truth(const PlannedCase& one, const std::filesystem::path& image, const SourceSize& size,
                     int image_size);

}  // namespace ra

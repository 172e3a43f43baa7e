#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "ra/evaluation/detection.h"

namespace ra {

// The simplest opponent: the mean of healthy training pictures, and |x - mean| averaged over all pixels as the score
// of x. A detector that is no better than this has learnt nothing about the individual.
class MeanPicture {
 public:
  // The mean of `training` pictures (the middle slice of volumes), prepared as `input` says. Files that cannot be read
  // are left out; kUsage if none can.
  MeanPicture(const std::vector<std::filesystem::path>& training, const InputOptions& input);

  // Scores the images of `report`, in its order.
  std::vector<ImageScore> score(const std::vector<ImageScore>& cases) const;

  const at::Tensor& picture() const { return picture_; }  // [C,S,S]

 private:
  InputOptions input_;
  at::Tensor picture_;
};

// The same scores with the sets' names dealt out anew at random: the AUROC of what remains is that of chance.
std::vector<ImageScore> with_shuffled_labels(std::vector<ImageScore> scores, std::uint64_t seed);

}  // namespace ra

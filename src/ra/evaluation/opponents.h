#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ra/transforms/input.h"

namespace ra {

// A method that needs no network, judged on the same cases: a detector that is no better has learnt nothing.
class Opponent {
 public:
  virtual ~Opponent() = default;
  virtual std::string name() const = 0;
  // [C,S,S] -> map [S,S]; larger is more anomalous, may be negative.
  virtual at::Tensor map(const at::Tensor& slice) const = 0;
};

// |x - mean of the training slices [N,C,S,S]|.
class MeanPicture : public Opponent {
 public:
  explicit MeanPicture(const at::Tensor& training);
  std::string name() const override { return "mean_picture"; }
  at::Tensor map(const at::Tensor& slice) const override;

 private:
  at::Tensor picture_;  // [C,S,S]
};

// Residual of the reconstruction from the first principal components of three quarters of the training slices,
// normalised per pixel by the mean and spread of the residuals of the remaining quarter, which the components have
// not seen.
class PcaReconstruction : public Opponent {
 public:
  static constexpr std::int64_t kComponents = 32;

  // training: [N,C,S,S]; fewer components where there are fewer slices. kUsage for fewer than 8 slices.
  explicit PcaReconstruction(const at::Tensor& training, std::int64_t components = kComponents);
  std::string name() const override { return "pca"; }
  at::Tensor map(const at::Tensor& slice) const override;

  std::int64_t components() const;

 private:
  at::Tensor residual(const at::Tensor& slices) const;  // [N,C,S,S] -> [N,S,S]

  at::Tensor mean_, basis_;     // [D], [D,K]
  at::Tensor centre_, spread_;  // [S,S]
};

// The opponents from at most 1000 of the training pictures, evenly spaced; those that cannot be read are left out.
// Without a readable picture none; PCA needs 8.
std::vector<std::unique_ptr<Opponent>> make_opponents(const std::vector<std::filesystem::path>& training,
                                                      const InputOptions& input);

}  // namespace ra

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ra/data/batch_loader.h"
#include "ra/data/slice_dataset.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra {

// Lets a training go on past steps whose loss or gradient is not finite, while a budget lasts.
class BadSteps {
 public:
  // `model` and `training` must outlive it; `folder` is the run folder.
  BadSteps(const ReversedAutoencoder& model, const SliceDataset& training, std::int64_t budget,
           std::filesystem::path folder);

  // Before a step begins that may be bad: remembers the running statistics of batch norm.
  void remember();
  // Reads what came of a step on `batch`; false when that threw NonFiniteStep: the running statistics are then as they
  // were remembered, a warning says what happened, and the step counts. When the budget is spent, the batch is left in
  // bad_batch.pt in the run folder (images, their names, the weights when it was read: those that they met, or where
  // steps are read late, of some steps later), and kFailed says so.
  bool accept(const Batch& batch, const std::function<void()>& read);

  // Leaves the batch there, and throws kFailed with the reason and the place.
  [[noreturn]] void fail(const Batch& batch, const std::string& reason) const;

  std::int64_t count() const { return count_; }
  void restore(std::int64_t count) { count_ = count; }

 private:
  void dump(const Batch& batch, const std::string& reason) const;

  const ReversedAutoencoder& model_;
  const SliceDataset& training_;
  std::int64_t budget_;
  std::filesystem::path folder_;
  std::int64_t count_ = 0;
  std::vector<at::Tensor> remembered_;  // of running statistics
};

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <future>
#include <optional>
#include <vector>

#include "ra/data/slice_dataset.h"
#include "ra/transforms/augmentation.h"

namespace ra {

struct Batch {
  at::Tensor images;                   // [B,C,S,S] float32 in [0,1], augmented
  std::vector<std::uint32_t> samples;  // index of each slice in the data set
};

// Deals out a data set in shuffled, augmented batches, prepared ahead in threads. Order and augmentation are
// functions of (seed, epoch, sample): the same for any number of threads. The last batch of an epoch may be smaller.
class BatchLoader {
 public:
  // `dataset` must outlive the loader.
  BatchLoader(const SliceDataset& dataset, int batch_size, const AugmentationOptions& augmentation, std::uint64_t seed,
              int threads);

  // Begins an epoch, after its first `skipped` batches: a resumed training has had them.
  void start_epoch(std::uint32_t epoch, std::int64_t skipped = 0);
  // The next batch of the epoch; nullopt after the last.
  std::optional<Batch> next();
  std::int64_t batches() const;

 private:
  void prefetch();
  Batch prepare(std::vector<std::uint32_t> samples, std::uint32_t epoch) const;

  const SliceDataset& dataset_;
  std::size_t batch_size_;
  AugmentationOptions augmentation_;
  std::uint64_t seed_;
  std::size_t threads_;
  std::uint32_t epoch_ = 0;
  std::vector<std::uint32_t> order_;
  std::size_t dealt_ = 0;
  std::deque<std::future<Batch>> ahead_;
};

// A permutation of 0..count-1, a function of (seed, epoch).
std::vector<std::uint32_t> shuffled_order(std::size_t count, std::uint64_t seed, std::uint32_t epoch);

}  // namespace ra

#include "ra/data/batch_loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "ra/base/random.h"

namespace ra {

std::vector<std::uint32_t> shuffled_order(std::size_t count, std::uint64_t seed, std::uint32_t epoch) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  CounterRandom random(seed, epoch, 0, Purpose::kShuffle);
  for (std::size_t k = count; k > 1; --k) {
    std::swap(order[k - 1], order[random.below(static_cast<std::uint32_t>(k))]);
  }
  return order;
}

BatchLoader::BatchLoader(const SliceDataset& dataset, int batch_size, const AugmentationOptions& augmentation,
                         std::uint64_t seed, int threads)
    : dataset_(dataset),
      batch_size_(static_cast<std::size_t>(batch_size)),
      augmentation_(augmentation),
      seed_(seed),
      threads_(static_cast<std::size_t>(std::max(threads, 1))) {}

std::int64_t BatchLoader::batches() const {
  const auto batch = static_cast<std::int64_t>(batch_size_);
  return (dataset_.size() + batch - 1) / batch;
}

void BatchLoader::start_epoch(std::uint32_t epoch, std::int64_t skipped) {
  ahead_.clear();
  epoch_ = epoch;
  order_ = shuffled_order(static_cast<std::size_t>(dataset_.size()), seed_, epoch);
  dealt_ = std::min(static_cast<std::size_t>(skipped) * batch_size_, order_.size());
  prefetch();
}

std::optional<Batch> BatchLoader::next() {
  if (ahead_.empty()) return std::nullopt;
  Batch batch = ahead_.front().get();
  ahead_.pop_front();
  prefetch();
  return batch;
}

void BatchLoader::prefetch() {
  while (ahead_.size() < threads_ && dealt_ < order_.size()) {
    const std::size_t end = std::min(dealt_ + batch_size_, order_.size());
    std::vector<std::uint32_t> samples(order_.begin() + static_cast<std::ptrdiff_t>(dealt_),
                                       order_.begin() + static_cast<std::ptrdiff_t>(end));
    dealt_ = end;
    ahead_.push_back(std::async(std::launch::async, [this, samples = std::move(samples), epoch = epoch_]() mutable {
      return prepare(std::move(samples), epoch);
    }));
  }
}

Batch BatchLoader::prepare(std::vector<std::uint32_t> samples, std::uint32_t epoch) const {
  std::vector<at::Tensor> images;
  for (const std::uint32_t sample : samples) {
    const at::Tensor image = dataset_.images[sample];
    const auto draw = [&] {
      return draw_augmentation(augmentation_, static_cast<int>(image.size(-1)), seed_, epoch, sample);
    };
    images.push_back(augmentation_.enabled ? augment(image, draw()) : image);
  }
  return {at::stack(images), std::move(samples)};
}

}  // namespace ra

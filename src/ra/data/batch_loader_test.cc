#include "ra/data/batch_loader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace ra {
namespace {

SliceDataset ramps(int count) {
  SliceDataset dataset;
  dataset.images = at::arange(count * 32 * 32).remainder(251).div(251.0).to(at::kFloat).reshape({count, 1, 32, 32});
  dataset.names.resize(static_cast<std::size_t>(count));
  return dataset;
}

std::vector<Batch> whole_epoch(BatchLoader& loader, std::uint32_t epoch) {
  std::vector<Batch> batches;
  loader.start_epoch(epoch);
  while (auto batch = loader.next()) batches.push_back(std::move(*batch));
  return batches;
}

TEST(BatchLoader, DealsEverySampleOnceAnEpochAndUsesTheLastIncompleteBatch) {
  const SliceDataset dataset = ramps(11);
  BatchLoader loader(dataset, 4, {}, 7, 1);
  EXPECT_EQ(loader.batches(), 3);
  const auto batches = whole_epoch(loader, 1);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches.back().images.size(0), 3);
  std::multiset<std::uint32_t> seen;
  for (const Batch& batch : batches) seen.insert(batch.samples.begin(), batch.samples.end());
  EXPECT_EQ(seen.size(), 11u);
  EXPECT_EQ(std::set<std::uint32_t>(seen.begin(), seen.end()).size(), 11u);
}

TEST(BatchLoader, IsTheSameForAnyNumberOfThreads) {
  const SliceDataset dataset = ramps(11);
  BatchLoader one(dataset, 4, {}, 7, 1), four(dataset, 4, {}, 7, 4);
  for (const std::uint32_t epoch : {1u, 2u}) {
    const auto first = whole_epoch(one, epoch), second = whole_epoch(four, epoch);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t k = 0; k < first.size(); ++k) {
      EXPECT_EQ(first[k].samples, second[k].samples);
      EXPECT_TRUE(first[k].images.equal(second[k].images));
    }
  }
}

TEST(BatchLoader, AugmentationBelongsToTheSampleNotToItsPlace) {
  const SliceDataset dataset = ramps(8);
  BatchLoader small(dataset, 2, {}, 7, 1), large(dataset, 8, {}, 7, 1);
  const auto apart = whole_epoch(small, 3), together = whole_epoch(large, 3);
  std::size_t place = 0;
  for (const Batch& batch : apart) {
    for (std::int64_t k = 0; k < batch.images.size(0); ++k, ++place) {
      EXPECT_TRUE(batch.images[k].equal(together[0].images[static_cast<std::int64_t>(place)]));
    }
  }
}

TEST(BatchLoader, ShufflesAnewEachEpochAndLeavesImagesAloneWithoutAugmentation) {
  const SliceDataset dataset = ramps(9);
  AugmentationOptions none;
  none.enabled = false;
  BatchLoader loader(dataset, 9, none, 7, 1);
  const Batch first = whole_epoch(loader, 1).front(), second = whole_epoch(loader, 2).front();
  EXPECT_NE(first.samples, second.samples);
  for (std::size_t k = 0; k < 9; ++k) {
    EXPECT_TRUE(first.images[static_cast<std::int64_t>(k)].equal(dataset.images[first.samples[k]]));
  }
}

TEST(BatchLoader, MayBeLeftInTheMiddleOfAnEpoch) {
  const SliceDataset dataset = ramps(12);
  BatchLoader loader(dataset, 2, {}, 7, 3);
  loader.start_epoch(1);
  loader.next();
  const auto again = whole_epoch(loader, 1);
  EXPECT_EQ(again.size(), 6u);
}

TEST(BatchLoader, BeginsWithinAnEpochAsIfItHadDealtWhatCameBefore) {
  const SliceDataset dataset = ramps(11);
  BatchLoader loader(dataset, 4, {}, 7, 2);
  const auto whole = whole_epoch(loader, 3);
  loader.start_epoch(3, 2);
  const auto last = loader.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->samples, whole[2].samples);
  EXPECT_TRUE(last->images.equal(whole[2].images));
  EXPECT_FALSE(loader.next());
  loader.start_epoch(3, 3);
  EXPECT_FALSE(loader.next());
}

TEST(ShuffledOrder, IsAPermutationThatPutsEveryElementEverywhere) {
  std::vector<int> first_places(5, 0);
  for (std::uint32_t epoch = 0; epoch < 500; ++epoch) {
    auto order = shuffled_order(5, 1, epoch);
    ++first_places[order[0]];
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  }
  // Expected 100 each; the standard deviation is 9.
  for (const int count : first_places) EXPECT_NEAR(count, 100, 45);
}

}  // namespace
}  // namespace ra

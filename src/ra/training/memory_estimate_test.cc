#include "ra/training/memory_estimate.h"

#include <gtest/gtest.h>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

TEST(MemoryEstimate, CountsTheWeightsOfTheNetwork) {
  const ModelOptions paper;
  std::int64_t values = 0;
  for (const NamedTensor& entry : ReversedAutoencoder(paper, 1).state()) values += entry.tensor.numel();
  const double weights = static_cast<double>(estimate_memory(paper, {}, 0).network) / 16.0;
  EXPECT_NEAR(weights, static_cast<double>(values), 0.02 * static_cast<double>(values));
}

TEST(MemoryEstimate, GrowsWithBatchImageAndData) {
  TrainingOptions training;
  ModelOptions model;
  const MemoryEstimate small = estimate_memory(model, training, 100);
  training.batch_size *= 2;
  EXPECT_EQ(estimate_memory(model, training, 100).activations, 2 * small.activations);
  EXPECT_EQ(estimate_memory(model, training, 1000).slices, 10 * small.slices);
  training.average_decay = 0.9;
  EXPECT_GT(estimate_memory(model, training, 100).network, small.network);
  model.image_size *= 2;
  EXPECT_GT(estimate_memory(model, training, 100).activations, 3 * small.activations);
}

TEST(MemoryEstimate, AFastStepAndBf16TakeLess) {
  TrainingOptions training;
  const std::uint64_t exact = estimate_memory({}, training, 0).activations;
  training.fidelity = Fidelity::kFast;
  const std::uint64_t fast = estimate_memory({}, training, 0).activations;
  EXPECT_LT(fast, exact);
  training.precision = Precision::kBf16;
  EXPECT_EQ(estimate_memory({}, training, 0).activations, fast / 2);
}

TEST(MemoryEstimate, RefusesWithBothNumbers) {
  MemoryEstimate estimate;
  estimate.activations = std::uint64_t{6} << 30;
  require_memory(estimate, std::uint64_t{6} << 30);
  testing::expect_error(ErrorCode::kUnsupported, {"6.0 GiB", "4.0 GiB", "batch_size"},
                        [&] { require_memory(estimate, std::uint64_t{4} << 30); });
}

}  // namespace
}  // namespace ra

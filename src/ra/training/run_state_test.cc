#include "ra/training/run_state.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

RunState some_state() {
  RunState state;
  state.position = {7, 12};
  state.means = LossMeans().sums();
  state.means.sums[2] = 1.0 / 3.0;
  state.means.counts[2] = 96;
  Validation validation;
  validation.errors = {{LatentRule::parse("mean"), 0.1 + 0.2, 0.25}, {LatentRule::parse("average:8"), 1e-17, 1.0}};
  validation.pixels = 1024;
  validation.input_contrast = std::nextafter(0.2, 1.0);
  validation.kl_per_latent = {0.0, 1e-300, 3.5};
  state.standing.best = validation;
  state.standing.best_epoch = 6;
  state.standing.best_introspective_epoch = 3;
  state.bad_steps = 2;
  state.metric_rows = 8;
  state.origin.settings = {{"model.latent_size", "16"}, {"name", "a \"quoted\" one"}};
  state.origin.data = {{"data.train", 12, "abc"}};
  state.origin.threads = 2;
  return state;
}

TEST(RunState, ComesBackBitForBit) {
  const RunState state = some_state();
  const RunState back = RunState::from_json(state.to_json());
  EXPECT_EQ(back.to_json(), state.to_json());
  EXPECT_EQ(back.position, state.position);
  EXPECT_EQ(back.means.sums, state.means.sums);
  EXPECT_EQ(back.standing.best->errors[0].squared_error, 0.1 + 0.2);
  EXPECT_EQ(back.standing.best->kl_per_latent, state.standing.best->kl_per_latent);
  EXPECT_FALSE(back.standing.latest);
  EXPECT_TRUE(std::isinf(back.standing.best_introspective_error));
  EXPECT_EQ(back.origin.data, state.origin.data);
  EXPECT_EQ(back.origin.settings, state.origin.settings);
}

TEST(RunState, PositionsAreOrdered) {
  EXPECT_LT((TrainingPosition{1, 9}), (TrainingPosition{2, 0}));
  EXPECT_LT((TrainingPosition{2, 0}), (TrainingPosition{2, 1}));
}

TEST(RunState, RefusesWhatItDidNotWrite) {
  for (const char* text : {"", "[]", "{}", "{\"format\": 1}", "{\"format\": \"one\"}"}) {
    testing::expect_error(ErrorCode::kBadInput, {"run state"}, [&] { RunState::from_json(text); });
  }
  std::string newer = some_state().to_json();
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  testing::expect_error(ErrorCode::kUnsupported, {"format 9", "version"}, [&] { RunState::from_json(newer); });
}

}  // namespace
}  // namespace ra

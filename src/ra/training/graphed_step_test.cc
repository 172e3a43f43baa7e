#include "ra/training/graphed_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

using testing::copied_state;
using testing::equal;
using testing::ramps;
using testing::step_noise;
using testing::tiny_model;

// Does again what was recorded, by calling it: what CUDA does without the processor, and with the same memory.
class CallAgain : public DeviceGraph {
 public:
  explicit CallAgain(IntrospectiveStep& step) : step_(step) {}
  void run(const std::function<void()>& work) override { work(); }
  void record(const std::function<void()>& work) override {
    if (refuses) TORCH_CHECK(false, "not here");
    recorded_ = work;
    work();
  }
  void replay() override {
    recorded_();
    step_.encoder_adam().count_steps(-1);  // a graph's replay passes the processor by
    step_.decoder_adam().count_steps(-1);
    ++replays;
  }

  bool refuses = false;
  int replays = 0;

 private:
  IntrospectiveStep& step_;
  std::function<void()> recorded_;
};

struct Outcome {
  std::vector<at::Tensor> state;
  std::vector<double> losses, norms;
  std::int64_t steps = 0;
  int replays = 0;
};

// Ten steps on batches of 4, every third of 2, the seventh with a pixel that is no number; read two steps late.
Outcome outcome_of(bool graphed, bool refuses, Fidelity fidelity) {
  const auto model = tiny_model();
  IntrospectiveStep step(*model, {}, BatchNormMode::kFrozen, 1e-3, {fidelity, Precision::kFp32});
  auto graph = std::make_unique<CallAgain>(step);
  CallAgain* const calls = graph.get();
  graph->refuses = refuses;
  GraphedStep graphs(step, 4, std::move(graph));
  Outcome result;
  std::vector<UnreadStep> unread;
  const auto read_first = [&] {
    try {
      const StepTerms terms = step.read(std::move(unread.front()));
      result.losses.push_back(terms.e_loss.item<double>());
      result.losses.push_back(terms.e_kl_fake_each.sum().item<double>());
      result.norms.push_back(terms.d_gradient_norm);
    } catch (const NonFiniteStep&) {
      result.losses.push_back(-1.0);
    }
    unread.erase(unread.begin());
  };
  for (std::uint32_t k = 0; k < 10; ++k) {
    const int count = k % 3 == 2 ? 2 : 4;
    at::Tensor images = ramps(count, k).images.clone();
    if (k == 7) images[0][0][3][3] = std::numeric_limits<float>::quiet_NaN();
    const StepNoise noise = step_noise(k, count);
    unread.push_back(graphed ? graphs.start(images, noise) : step.start(images, noise));
    if (unread.size() == 3) read_first();
  }
  while (!unread.empty()) read_first();
  if (graphed && !refuses) result.replays = calls->replays;
  result.state = copied_state(*model);
  result.steps = step.encoder_adam().steps();
  return result;
}

class GraphedSteps : public ::testing::TestWithParam<Fidelity> {};
INSTANTIATE_TEST_SUITE_P(Both, GraphedSteps, ::testing::Values(Fidelity::kExact, Fidelity::kFast));

TEST_P(GraphedSteps, AreTheStepsThemselves) {
  const Outcome plain = outcome_of(false, false, GetParam()), graphed = outcome_of(true, false, GetParam());
  EXPECT_EQ(plain.steps, 9);
  EXPECT_EQ(graphed.steps, 9);
  EXPECT_EQ(graphed.replays, 3);  // of seven full batches three come before the recording, which does one
  EXPECT_EQ(graphed.losses, plain.losses);
  EXPECT_EQ(graphed.norms, plain.norms);
  EXPECT_TRUE(equal(graphed.state, plain.state));
}

TEST_P(GraphedSteps, GoOnWithoutAGraphThatCannotBeRecorded) {
  const Outcome plain = outcome_of(false, false, GetParam()), graphed = outcome_of(true, true, GetParam());
  EXPECT_EQ(graphed.steps, 9);
  EXPECT_EQ(graphed.losses, plain.losses);
  EXPECT_TRUE(equal(graphed.state, plain.state));
}

TEST(CudaGraph, IsRefusedWithTheReasonWhereThereIsNoCuda) {
  try {
    make_cuda_graph();
    GTEST_SKIP() << "there is CUDA here";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("CUDA graphs cannot be had: "), std::string::npos);
  }
}

}  // namespace
}  // namespace ra

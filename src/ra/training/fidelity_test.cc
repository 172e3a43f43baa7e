#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"
#include "ra/training/introspective_step.h"
#include "ra/training/training_fixtures.h"

// Note [Fidelity]: what fast and bf16 steps may differ by from exact ones.

namespace ra {
namespace {

using testing::copied_state;
using testing::equal;
using testing::ramps;
using testing::tiny_model;

constexpr StepMode kExact{Fidelity::kExact, Precision::kFp32};
constexpr StepMode kFast{Fidelity::kFast, Precision::kFp32};

StepNoise noise_in(at::ScalarType dtype, std::uint32_t step) {
  StepNoise noise = testing::step_noise(step, 4);
  for (at::Tensor* draw :
       {&noise.prior, &noise.real, &noise.rec_encoder, &noise.fake_encoder, &noise.rec_decoder, &noise.fake_decoder}) {
    *draw = draw->to(dtype);
  }
  return noise;
}

// A network and what trains it.
struct Training {
  std::shared_ptr<ReversedAutoencoder> model = tiny_model();
  at::ScalarType dtype;
  IntrospectiveStep step;

  Training(at::ScalarType type, double gamma_r, StepMode mode)
      : dtype(type), step(prepared(), with(gamma_r), BatchNormMode::kFrozen, 1e-4, mode) {}

  StepTerms take(std::uint32_t number) { return step.step(ramps(4, number).images.to(dtype), noise_in(dtype, number)); }

  std::vector<at::Tensor> gradients() const {
    std::vector<at::Tensor> result;
    for (const Adam* adam : {&step.encoder_adam(), &step.decoder_adam()}) {
      for (const at::Tensor& parameter : adam->parameters()) result.push_back(parameter.grad().to(at::kDouble));
    }
    return result;
  }

 private:
  ReversedAutoencoder& prepared() {
    model->to(dtype, at::kCPU);
    return *model;
  }
  static LossOptions with(double gamma_r) {
    LossOptions loss;
    loss.gamma_r = gamma_r;
    return loss;
  }
};

std::map<std::string, double> values(const StepTerms& terms) {
  std::map<std::string, double> result;
  for (const NamedTensor& term : terms.scalars()) result[term.name] = term.tensor.item<double>();
  return result;
}

// Largest relative difference of a term of both, and of a gradient against the longest of its tensor.
struct Differences {
  double terms = 0.0, gradients = 0.0;
};

Differences over_steps(Training& one, Training& other, std::uint32_t steps) {
  Differences largest;
  for (std::uint32_t k = 0; k < steps; ++k) {
    const auto a = values(one.take(k)), b = values(other.take(k));
    for (const auto& [name, value] : b) {
      largest.terms = std::max(largest.terms, std::abs(value - a.at(name)) / std::abs(a.at(name)));
    }
    const auto first = one.gradients(), second = other.gradients();
    for (std::size_t p = 0; p < first.size(); ++p) {
      const double difference = ((first[p] - second[p]).norm() / first[p].norm()).item<double>();
      largest.gradients = std::max(largest.gradients, difference);
    }
  }
  return largest;
}

TEST(FastStep, ComputesWhatTheExactOneDoesWhereNoTermIsLeftOut) {
  for (const double gamma_r : {0.3, 0.0}) {  // with the re-decoded terms, and where their weight is nothing
    Training exact(at::kDouble, gamma_r, kExact), fast(at::kDouble, gamma_r, kFast);
    const Differences largest = over_steps(exact, fast, 4);
    EXPECT_LT(largest.terms, 1e-10) << gamma_r;
    EXPECT_LT(largest.gradients, 1e-8) << gamma_r;
  }
}

TEST(FastStep, DiffersByLittleInFloat32WithThePapersWeights) {
  Training exact(at::kFloat, 1e-8, kExact), fast(at::kFloat, 1e-8, kFast);
  const Differences first = over_steps(exact, fast, 1);
  EXPECT_LT(first.terms, 1e-5);
  EXPECT_LT(first.gradients, 1e-3);
}

TEST(FastStep, LeavesOutTermsOfNegligibleWeightInsteadOfCallingThemZero) {
  Training fast(at::kFloat, 1e-8, kFast);
  const StepTerms terms = fast.take(0);
  EXPECT_FALSE(terms.d_loss_rec_rec.defined());
  EXPECT_FALSE(terms.d_loss_rec_fake.defined());
  EXPECT_EQ(terms.scalars().size(), 12u);
  for (const NamedTensor& term : terms.scalars()) EXPECT_TRUE(term.tensor.defined()) << term.name;
  Training heavier(at::kFloat, 1e-3, kFast);
  EXPECT_EQ(heavier.take(0).scalars().size(), 14u);
}

TEST(FastStep, RefusesBatchNormByTheBatch) {
  const auto model = tiny_model();
  testing::expect_error(ErrorCode::kUsage, {"fidelity", "batch_norm"},
                        [&] { IntrospectiveStep(*model, {}, BatchNormMode::kBatch, 1e-4, kFast); });
}

TEST(FastStep, RepeatsEveryBitFromRunToRun) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    Training one(at::kFloat, 1e-8, {Fidelity::kFast, precision}), two(at::kFloat, 1e-8, {Fidelity::kFast, precision});
    for (std::uint32_t k = 0; k < 3; ++k) {
      one.take(k);
      two.take(k);
    }
    EXPECT_TRUE(equal(copied_state(*one.model), copied_state(*two.model))) << to_string(precision);
  }
}

TEST(Bf16Step, StaysNearFloat32AndKeepsItsWeightsThere) {
  for (const Fidelity fidelity : {Fidelity::kExact, Fidelity::kFast}) {
    Training exact(at::kFloat, 1e-8, kExact), rounded(at::kFloat, 1e-8, {fidelity, Precision::kBf16});
    const Differences first = over_steps(exact, rounded, 1);
    EXPECT_LT(first.terms, 0.03) << to_string(fidelity);
    EXPECT_GT(first.terms, 1e-5) << "it was computed in float32";
    EXPECT_LT(first.gradients, 0.3) << to_string(fidelity);
    for (const NamedTensor& entry : rounded.model->state()) {
      EXPECT_TRUE(entry.tensor.scalar_type() == at::kFloat || entry.name.ends_with("num_batches_tracked"))
          << entry.name;
    }
  }
}

TEST(Bf16Step, TrainsWithBatchNormByTheBatchToo) {
  const auto model = tiny_model();
  IntrospectiveStep step(*model, {}, BatchNormMode::kBatch, 1e-4, {Fidelity::kExact, Precision::kBf16});
  const StepTerms terms = step.step(ramps(4).images, testing::step_noise(0, 4));
  EXPECT_EQ(terms.d_loss.scalar_type(), at::kFloat);
  EXPECT_EQ(find_tensor(model->state(), "encoder.main.1.running_mean").scalar_type(), at::kFloat);
}

TEST(Trainer, GoesOnInFastModeAsIfItHadNotStopped) {
  const SliceDataset training = ramps(10), held_out = ramps(3, 4);
  const auto run = [&](const std::filesystem::path& folder, int epochs, std::optional<TrainingCheckpoint> from) {
    TrainerInputs inputs = testing::tiny_inputs(folder);
    inputs.training.fidelity = Fidelity::kFast;
    inputs.training.epochs = epochs;
    inputs.from = std::move(from);
    const std::filesystem::path latest = Trainer(inputs, training, held_out).run().latest_checkpoint;
    return std::pair(copied_state(*inputs.model), latest);
  };
  const testing::TemporaryFolder whole, halves;
  const auto through = run(whole.path(), 3, std::nullopt).first;
  const auto first = run(halves.path(), 1, std::nullopt).second;
  EXPECT_TRUE(equal(run(halves.path(), 3, read_training_checkpoint(first)).first, through));
}

}  // namespace
}  // namespace ra

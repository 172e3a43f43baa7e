#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"
#include "ra/training/resume_point.h"
#include "ra/training/trainer.h"
#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using testing::ramps;
using testing::tiny_inputs;
using testing::tiny_model;

// Everything that could forget its state is on: batch norm that tracks the batch, an average, a schedule, clipping. The
// last batch of an epoch is smaller.
TrainerInputs busy_inputs(const fs::path& folder) {
  TrainerInputs inputs = tiny_inputs(folder);
  inputs.training.batch_size = 4;
  inputs.training.batch_norm = BatchNormMode::kBatch;
  inputs.training.average_decay = 0.9;
  inputs.training.gradient_clip = 0.05;
  inputs.training.schedule.kind = ScheduleKind::kCosine;
  inputs.training.schedule.ramp_steps = 2;
  inputs.training.checkpoints.minutes = 0.0;
  return inputs;
}

// metrics.jsonl without what the clock says.
std::string timeless_metrics(const fs::path& folder) {
  std::istringstream lines(read_text_file(folder / "metrics.jsonl"));
  std::string rows;
  for (std::string line; std::getline(lines, line);) {
    auto row = nlohmann::ordered_json::parse(line);
    for (const char* name : {"_timestamp", "_runtime", "slices_per_second"}) row.erase(name);
    rows += row.dump() + "\n";
  }
  return rows;
}

struct Killed {};

// Trains until `steps` steps are done in this start, or to the end, and waits for what is being written.
void train(TrainerInputs inputs, int steps) {
  const SliceDataset training = ramps(10), held_out = ramps(3, 4);
  TrainingCallbacks callbacks;
  callbacks.on_step = [&steps](const TrainingProgress&) {
    if (--steps == 0) throw Killed{};
  };
  try {
    Trainer(std::move(inputs), training, held_out, std::move(callbacks)).run();
  } catch (const Killed&) {
  }
}

class ResumeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    never_stopped_ = new testing::TemporaryFolder;
    train(busy_inputs(whole()), 1000);
  }
  static void TearDownTestSuite() {
    delete never_stopped_;
    never_stopped_ = nullptr;
  }

  static fs::path whole() { return never_stopped_->path() / "whole"; }
  fs::path run() const { return folder_.path() / "run"; }
  fs::path checkpoint(const char* name) const { return run() / "checkpoints" / name; }

  void resume(int steps, int loader_threads = 1) {
    TrainerInputs inputs = busy_inputs(run());
    inputs.training.loader_threads = loader_threads;
    inputs.from = find_resume_point(run());
    train(std::move(inputs), steps);
  }
  void expect_the_same_end() const {
    for (const char* name : {"checkpoints/best.pt", "checkpoints/latest.pt"}) {
      EXPECT_TRUE(read_file(run() / name) == read_file(whole() / name)) << name;
    }
    EXPECT_EQ(timeless_metrics(run()), timeless_metrics(whole()));
  }

 private:
  static inline testing::TemporaryFolder* never_stopped_ = nullptr;
  testing::TemporaryFolder folder_;
};

TEST_F(ResumeTest, AfterAnyStepGivesTheSameBytesAsNeverStopped) {
  // Of three epochs of three steps: within and between them, in both phases.
  for (const int steps : {1, 3, 5, 6}) {
    fs::remove_all(run());
    train(busy_inputs(run()), steps);
    resume(1000);
    SCOPED_TRACE(steps);
    expect_the_same_end();
  }
}

TEST_F(ResumeTest, AgainAndAgainWithOtherLoaderThreads) {
  train(busy_inputs(run()), 2);
  for (int start = 0; start < 3; ++start) resume(2, 1 + start);
  resume(1000, 3);
  expect_the_same_end();
}

TEST_F(ResumeTest, OfAFinishedRunChangesNothing) {
  train(busy_inputs(run()), 1000);
  resume(1000);
  expect_the_same_end();
}

TEST_F(ResumeTest, FallsBackToAnEarlierStateWhenTheNewestIsDamaged) {
  train(busy_inputs(run()), 8);
  const std::vector<SavedState> saved = saved_states(run() / "checkpoints");
  ASSERT_EQ(saved.size(), 2u) << "the newest two are kept";
  std::vector<std::byte> bytes = read_file(saved[0].path);
  bytes[bytes.size() / 2] ^= std::byte{1};
  write_file(saved[0].path, bytes);
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  EXPECT_LT(found->state->position, saved[0].position);
  EXPECT_FALSE(fs::exists(saved[0].path));
  EXPECT_TRUE(fs::exists(saved[0].path.string() + ".damaged"));
  resume(1000);
  expect_the_same_end();
}

TEST_F(ResumeTest, GoesOnFromTheBestModelWhenNoStateIsLeft) {
  TrainerInputs inputs = busy_inputs(run());
  inputs.on_first_best = [] { throw Killed{}; };  // a slow disk has no best.pt yet after any number of steps
  train(std::move(inputs), 1000);
  for (const SavedState& saved : saved_states(run() / "checkpoints")) fs::remove(saved.path);
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, checkpoint("best.pt"));
  resume(1000);
  expect_the_same_end();
}

TEST_F(ResumeTest, ForgetsABestEpochWhoseModelIsGone) {
  train(busy_inputs(run()), 8);
  fs::remove(checkpoint("best.pt"));
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->state->standing.best);
  resume(1000);
  EXPECT_TRUE(fs::exists(checkpoint("best.pt")));
}

TEST_F(ResumeTest, RefusesARunWhoseStatesAllCountRowsWhichAreGone) {
  train(busy_inputs(run()), 8);
  fs::resize_file(run() / "metrics.jsonl", 20);
  testing::expect_error(ErrorCode::kBadInput, {"run", ".pt", "metrics.jsonl", "--overwrite"},
                        [&] { find_resume_point(run()); });
}

TEST_F(ResumeTest, RefusesARunWhoseStatesAreAllDamagedHoweverOften) {
  train(busy_inputs(run()), 8);
  for (const SavedState& saved : saved_states(run() / "checkpoints")) fs::resize_file(saved.path, 100);
  fs::resize_file(checkpoint("best.pt"), 100);
  for (int k = 0; k < 2; ++k) {
    testing::expect_error(ErrorCode::kBadInput, {"damaged"}, [&] { find_resume_point(run()); });
  }
  EXPECT_TRUE(fs::exists(checkpoint("best.pt.damaged")));
}

TEST_F(ResumeTest, FindsNothingWhereNothingWasSaved) { EXPECT_FALSE(find_resume_point(run())); }

TEST_F(ResumeTest, SetsNothingAsideThatCannotBeRead) {
  train(busy_inputs(run()), 8);
  fs::remove(checkpoint("best.pt"));  // so that the states are read
  const fs::path state = saved_states(run() / "checkpoints").front().path;
  fs::rename(state, run() / "elsewhere");
  fs::create_directory(state);
  testing::expect_error(ErrorCode::kBadInput, {"cannot read", state.string()}, [&] { find_resume_point(run()); });
  EXPECT_TRUE(fs::exists(state));
  fs::remove(state);
  fs::rename(run() / "elsewhere", state);
  fs::rename(run() / "metrics.jsonl", run() / "rows");
  fs::create_directory(run() / "metrics.jsonl");
  testing::expect_error(ErrorCode::kBadInput, {"cannot read", "metrics.jsonl"}, [&] { find_resume_point(run()); });
  EXPECT_TRUE(fs::exists(state));
}

TEST_F(ResumeTest, ReadsLongMetrics) {
  train(busy_inputs(run()), 8);
  fs::resize_file(run() / "metrics.jsonl", std::uintmax_t{70} << 20);
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  for (const SavedState& saved : saved_states(run() / "checkpoints")) {
    EXPECT_FALSE(fs::exists(saved.path.string() + ".damaged"));
  }
}

TEST_F(ResumeTest, KeepsTheWeightsOfAFileFromBeforeTheFirstStep) {
  TrainerInputs inputs = busy_inputs(run());
  inputs.training.checkpoints.minutes = 1000.0;
  inputs.from = read_training_checkpoint(whole() / "checkpoints" / "best.pt");
  inputs.from->state.reset();
  const std::int64_t epochs = inputs.from->epochs();
  inputs.training.epochs = 9;
  train(std::move(inputs), 1);
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state->position, (TrainingPosition{epochs, 0}));
  const StateDict now = found->content.weights();
  const StateDict then = read_checkpoint(whole() / "checkpoints" / "best.pt").weights();
  for (std::size_t k = 0; k < then.size(); ++k) EXPECT_TRUE(now[k].tensor.equal(then[k].tensor)) << then[k].name;
}

TEST_F(ResumeTest, CutsRowsThatCameAfterTheState) {
  train(busy_inputs(run()), 5);
  const std::string before = read_text_file(run() / "metrics.jsonl");
  write_file(run() / "metrics.jsonl",
             before + R"({"epoch": 9, "_step": 9, "_timestamp": 1, "_runtime": 1})" + "\n{\"torn");
  resume(1000);
  expect_the_same_end();
}

TEST_F(ResumeTest, CountsTheTimeOfRowsThatAreCut) {
  train(busy_inputs(run()), 8);
  const std::string before = read_text_file(run() / "metrics.jsonl");
  write_file(run() / "metrics.jsonl", before + R"({"_step": 9, "_timestamp": 1, "_runtime": 5000})" + "\n");
  TrainerInputs inputs = busy_inputs(run());
  inputs.from = find_resume_point(run());
  const SliceDataset training = ramps(10), held_out = ramps(3, 4);
  const TrainingReport report = Trainer(std::move(inputs), training, held_out).run();
  EXPECT_GT(report.runtime_seconds, 5000.0);
}

TEST_F(ResumeTest, HasEndedWhenNoEpochIsLeftAndTheEndIsLogged) {
  train(busy_inputs(run()), 1000);
  const TrainingOptions options = busy_inputs(run()).training;
  const auto found = find_resume_point(run());
  ASSERT_TRUE(found);
  EXPECT_FALSE(has_ended(run(), *found, options)) << "its end is not logged";
  const std::string rows = read_text_file(run() / "metrics.jsonl");
  write_file(run() / "metrics.jsonl", rows + R"({"_step": 3, "_timestamp": 1, "_runtime": 1})" + "\n");
  EXPECT_TRUE(has_ended(run(), *found, options));
  write_file(run() / "metrics.jsonl",
             rows + R"({"phase": "end", "_exit_code": 143, "_step": 3, "_timestamp": 1, "_runtime": 1})" + "\n");
  EXPECT_FALSE(has_ended(run(), *found, options)) << "stopped after its last step";
  TrainingOptions longer = options;
  longer.epochs = 3;
  EXPECT_FALSE(has_ended(run(), *found, longer));
}

TEST_F(ResumeTest, MoreEpochsGoOnFromTheEnd) {
  train(busy_inputs(run()), 1000);
  TrainerInputs inputs = busy_inputs(run());
  inputs.training.epochs = 4;
  inputs.from = find_resume_point(run());
  train(std::move(inputs), 1000);
  EXPECT_EQ(saved_states(run() / "checkpoints").front().position, (TrainingPosition{5, 0}));
}

TEST_F(ResumeTest, StoresTheAverageForScreeningAndTheWeightsForTraining) {
  const TrainingCheckpoint latest = read_training_checkpoint(whole() / "checkpoints" / "latest.pt");
  const CheckpointValue* trained = latest.content.root.find("trained_weights");
  ASSERT_NE(trained, nullptr);
  const std::string name = latest.content.weights().front().name;
  EXPECT_FALSE(std::get<at::Tensor>(trained->find(name)->value).equal(latest.content.weights().front().tensor));
}

TEST(StartFromAFile, TakesWeightsAndMomentsAndNamesWhatIsMissing) {
  const testing::TemporaryFolder folder;
  const auto model = tiny_model(5);
  IntrospectiveStep step(*model, {}, BatchNormMode::kFrozen, 1e-3);
  step.step(ramps(4).images, testing::step_noise(0, 4));
  // As the reference saves it: epochs from 0, no word of ours.
  const auto text = [](const char* value) { return CheckpointValue{std::string(value)}; };
  const fs::path path = folder.path() / "best_model.pt";
  write_torch_checkpoint(
      path, CheckpointValue{CheckpointValue::Dict{{text("model_weights"), to_checkpoint_value(model->state())},
                                                  {text("optimizer_e_weights"), step.encoder_adam().state()},
                                                  {text("epoch"), CheckpointValue{std::int64_t{0}}}}});
  TrainerInputs inputs = busy_inputs(folder.path() / "run");
  inputs.from = read_training_checkpoint(path);
  EXPECT_EQ(inputs.from->epochs(), 1);
  const SliceDataset training = ramps(10), held_out = ramps(3, 4);
  Trainer trainer(inputs, training, held_out);
  EXPECT_TRUE(testing::equal(testing::copied_state(*inputs.model), testing::copied_state(*model)));
  std::string missing;
  for (const std::string& sentence : trainer.not_restored()) missing += sentence + "\n";
  EXPECT_EQ(missing.find("optimizer_e_weights"), std::string::npos) << missing;
  for (const char* part : {"optimizer_d_weights", "best epoch", "random numbers"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(trainer.run().epochs, 3);
}

}  // namespace
}  // namespace ra

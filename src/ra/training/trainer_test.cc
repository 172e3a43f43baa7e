#include "ra/training/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/io/read_image.h"
#include "ra/model/model_file.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"
#include "ra/training/training_fixtures.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using testing::copied_state;
using testing::equal;
using testing::ramps;
using testing::tiny_inputs;
using testing::tiny_model;

std::vector<nlohmann::json> metrics_of(const fs::path& folder) {
  std::istringstream lines(read_text_file(folder / "metrics.jsonl"));
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

TEST(Trainer, LearnsAndKeepsTheBestEpoch) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  inputs.training.warmup.epochs = 12;
  inputs.augmentation.enabled = false;
  const SliceDataset training = ramps(40), held_out = ramps(8, 4);
  const TrainingReport report = Trainer(inputs, training, held_out).run();
  EXPECT_EQ(report.end, TrainingEnd::kLastEpoch);
  EXPECT_EQ(report.epochs, 14);
  const double error = report.best->error_of(LatentRule::fallback());
  EXPECT_LT(error, 0.7 * report.yardsticks.mean_picture);

  const auto rows = metrics_of(folder.path());
  ASSERT_EQ(rows.size(), 15u);
  EXPECT_EQ(rows[0].at("phase"), "yardsticks");
  EXPECT_NEAR(rows[0].at("Val/squared_error_mean_picture"), report.yardsticks.mean_picture, 1e-9);
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t k = 1; k < rows.size(); ++k) {
    EXPECT_EQ(rows[k].at("epoch"), k);
    EXPECT_EQ(rows[k].at("phase"), k <= 12 ? "warmup" : "introspective");
    EXPECT_EQ(rows[k].at("lr"), k <= 12 ? 2e-3 : 5e-4);
    EXPECT_EQ(rows[k].at("Train/Loss_EMB").is_null(), k <= 12);
    smallest = std::min(smallest, rows[k].at("Val/squared_error_average:8").get<double>());
  }
  EXPECT_DOUBLE_EQ(smallest, error);
  EXPECT_LT(rows[12].at("Train/Loss_REC_ERRS").get<double>(), 0.5 * rows[1].at("Train/Loss_REC_ERRS").get<double>());
}

TEST(Trainer, GivesTheSameWeightsBitByBitForAnyNumberOfLoaderThreads) {
  const SliceDataset training = ramps(10), held_out = ramps(3, 4);
  std::vector<std::vector<at::Tensor>> states;
  for (const int threads : {1, 1, 3}) {
    const testing::TemporaryFolder folder;
    TrainerInputs inputs = tiny_inputs(folder.path());
    inputs.training.epochs = 1;
    inputs.training.batch_size = 4;  // the last batch has two
    inputs.training.loader_threads = threads;
    Trainer(inputs, training, held_out).run();
    states.push_back(copied_state(*inputs.model));
  }
  EXPECT_TRUE(equal(states[0], states[1]));
  EXPECT_TRUE(equal(states[0], states[2]));
  EXPECT_FALSE(equal(states[0], copied_state(*tiny_model())));
}

// On a GPU steps are read late; nothing may depend on it, bad steps least of all.
TEST(Trainer, GivesTheSameWeightsAndRowsHoweverManyStepsAreReadLate) {
  const SliceDataset held_out = ramps(4, 4);
  SliceDataset training = ramps(24);
  training.images[5][0][3][3] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::vector<at::Tensor>> states;
  std::vector<std::vector<nlohmann::json>> rows;
  for (const std::size_t ahead : {1u, 2u, 100u}) {
    const testing::TemporaryFolder folder;
    TrainerInputs inputs = tiny_inputs(folder.path());
    inputs.augmentation.enabled = false;
    inputs.training.fidelity = Fidelity::kFast;
    inputs.training.gradient_clip = 1.0;
    inputs.training.batch_size = 4;
    inputs.training.max_bad_steps = 3;
    inputs.steps_ahead = ahead;
    const TrainingReport report = Trainer(inputs, training, held_out).run();
    states.push_back(copied_state(*inputs.model));
    const Checkpoint latest = read_checkpoint(report.latest_checkpoint);
    Adam adam(inputs.model->encoder_parameters(), 1.0);
    adam.load(*latest.root.find("optimizer_e_weights"));
    EXPECT_EQ(adam.steps(), 3 * 6 - 3) << ahead;
    rows.push_back(metrics_of(folder.path()));
    for (nlohmann::json& row : rows.back()) {
      std::erase_if(row.get_ref<nlohmann::json::object_t&>(), [](const auto& entry) {
        return entry.first.find("second") != std::string::npos || entry.first.find("time") != std::string::npos;
      });
    }
  }
  EXPECT_EQ(rows[0].back().at("Train/bad_steps"), 3);
  for (const std::size_t k : {1u, 2u}) {
    EXPECT_TRUE(equal(states[0], states[k])) << k;
    EXPECT_EQ(rows[0], rows[k]) << k;
  }
}

TEST(Trainer, WritesCheckpointsThatScreeningReads) {
  const testing::TemporaryFolder folder;
  const TrainerInputs inputs = tiny_inputs(folder.path());
  const SliceDataset training = ramps(12), held_out = ramps(4, 4);
  const TrainingReport report = Trainer(inputs, training, held_out).run();

  const ModelFile latest = read_model_file(report.latest_checkpoint);
  EXPECT_TRUE(equal(copied_state(*latest.model), copied_state(*inputs.model)));
  const ModelFile best = read_model_file(report.best_checkpoint);
  ASSERT_TRUE(best.latent_rule);
  EXPECT_EQ(best.latent_rule->text(), report.latent_rule->text());
  const at::Tensor noise = latent_noise(LatentRule::fallback(), 16, inputs.seed);
  if (best.latent_rule->uses_noise()) {
    EXPECT_TRUE(best.latent_noise.equal(noise.slice(0, 0, best.latent_rule->draws())));
  }
  // The file gives the number that the training reported.
  EXPECT_DOUBLE_EQ(validate(*best.model, held_out.images, noise, 8).error_of(*best.latent_rule),
                   report.best->error_of(*report.latent_rule));

  const Checkpoint file = read_checkpoint(report.latest_checkpoint);
  EXPECT_EQ(std::get<std::int64_t>(file.root.find("epoch")->value), 3);
  EXPECT_EQ(file.root.find("trained_weights"), nullptr) << "only an average needs them";
  Adam adam(latest.model->encoder_parameters(), 1.0);
  adam.load(*file.root.find("optimizer_e_weights"));
  EXPECT_EQ(adam.steps(), 6);
  const CheckpointValue* described = file.root.find("ra");
  EXPECT_EQ(std::get<std::int64_t>(described->find("seed")->value), 17);
  EXPECT_EQ(std::get<std::string>(described->find("input_scaling")->value), "native");
}

TEST(Trainer, StopsAtNonFiniteLossesAndLeavesTheBestModelAlone) {
  const testing::TemporaryFolder folder;
  const TrainerInputs inputs = tiny_inputs(folder.path());
  const SliceDataset held_out = ramps(4, 4);
  SliceDataset training = ramps(16);
  Trainer(inputs, training, held_out).run();
  const auto best = read_file(folder.path() / "checkpoints" / "best.pt");
  training.images[5][0][3][3] = std::numeric_limits<float>::infinity();
  TrainerInputs again = inputs;
  again.augmentation.enabled = false;
  again.training.max_bad_steps = 0;
  testing::expect_error(ErrorCode::kFailed, {"epoch 1, step ", "loss_rec", "bad_batch.pt"},
                        [&] { Trainer(again, training, held_out).run(); });
  EXPECT_EQ(read_file(folder.path() / "checkpoints" / "best.pt"), best);
  const Checkpoint dump = read_checkpoint(folder.path() / "bad_batch.pt");
  EXPECT_FALSE(std::get<at::Tensor>(dump.root.find("images")->value).isfinite().all().item<bool>());
  EXPECT_TRUE(model_file_of(dump.weights()).model) << "the weights that met the batch are there, and finite";
}

TEST(Trainer, SkipsStepsThatAreNotFiniteWhileTheirBudgetLasts) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  inputs.augmentation.enabled = false;
  inputs.training.batch_norm = BatchNormMode::kBatch;  // whose running statistics see the bad slice
  inputs.training.average_decay = 0.9;
  inputs.training.max_bad_steps = 3;  // one in each of the three epochs
  const SliceDataset held_out = ramps(4, 4);
  SliceDataset training = ramps(24);
  training.images[5][0][3][3] = std::numeric_limits<float>::quiet_NaN();
  const TrainingReport report = Trainer(inputs, training, held_out).run();
  EXPECT_EQ(report.epochs, 3);
  EXPECT_EQ(metrics_of(folder.path()).back().at("Train/bad_steps"), 3);
  EXPECT_TRUE(read_model_file(report.best_checkpoint).model) << "which refuses values that are not finite";
  EXPECT_TRUE(read_model_file(report.latest_checkpoint).model);
}

TEST(Trainer, LeavesTheLastBatchWhenTheValidationIsNotFinite) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  const SliceDataset training = ramps(8);
  SliceDataset held_out = ramps(2, 4);
  held_out.images[0][0][3][3] = std::numeric_limits<float>::infinity();
  testing::expect_error(ErrorCode::kFailed, {"epoch 1", "validation error", "smaller learning rate", "bad_batch.pt"},
                        [&] { Trainer(inputs, training, held_out).run(); });
  EXPECT_TRUE(fs::exists(folder.path() / "bad_batch.pt"));
}

TEST(Trainer, StopsWhenPatienceIsSpent) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  inputs.training.epochs = 50;
  inputs.training.patience = 2;
  inputs.training.learning_rate = 1e-12;  // nothing improves
  inputs.training.latent = "mean";
  const SliceDataset training = ramps(8), held_out = ramps(2, 4);
  const TrainingReport report = Trainer(inputs, training, held_out).run();
  EXPECT_EQ(report.end, TrainingEnd::kPatience);
  EXPECT_LT(report.epochs, 10);
  EXPECT_EQ(report.latent_rule->text(), "mean");
}

TEST(Trainer, EndsWithTheEpochInWhichTheTimeIsUp) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  inputs.training.max_minutes = 1e-6;
  const SliceDataset training = ramps(8), held_out = ramps(2, 4);
  const TrainingReport report = Trainer(inputs, training, held_out).run();
  EXPECT_EQ(report.end, TrainingEnd::kTimeLimit);
  EXPECT_EQ(report.epochs, 1);
  EXPECT_TRUE(fs::exists(report.latest_checkpoint));
}

TEST(Trainer, ReportsEveryStepAndEpoch) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  inputs.training.examples_every = 3;
  const SliceDataset training = ramps(11), held_out = ramps(2, 4);
  std::vector<std::pair<int, std::int64_t>> seen;
  int epochs = 0;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const TrainingProgress& progress) {
    seen.emplace_back(progress.epoch, progress.step);
    EXPECT_EQ(progress.epochs, 3);
    EXPECT_EQ(progress.steps, 2);
    EXPECT_GT(progress.squared_error, 0.0);
    EXPECT_GE(progress.seconds_left, 0.0);
  };
  callbacks.on_epoch = [&](const EpochReport& epoch) { EXPECT_EQ(epoch.epoch, ++epochs); };
  Trainer(inputs, training, held_out, callbacks).run();
  EXPECT_EQ(seen, (std::vector<std::pair<int, std::int64_t>>{{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}, {3, 2}}));
  EXPECT_EQ(epochs, 3);
  // Two validation slices, each above its reconstruction.
  const Image picture = read_image(folder.path() / "figures" / "epoch_0003.png");
  EXPECT_EQ(picture.columns, 2 * 32);
  EXPECT_EQ(picture.rows, 2 * 32);
}

TEST(Trainer, RefusesEmptyDataAndConditionalModels) {
  const testing::TemporaryFolder folder;
  TrainerInputs inputs = tiny_inputs(folder.path());
  const SliceDataset some = ramps(2), none;
  testing::expect_error(ErrorCode::kUsage, {"data.train"}, [&] { Trainer(inputs, none, some); });
  testing::expect_error(ErrorCode::kUsage, {"data.val"}, [&] { Trainer(inputs, some, none); });
  ModelOptions conditional = testing::tiny_options();
  conditional.conditional = true;
  inputs.model = std::make_shared<ReversedAutoencoder>(conditional, 1);
  testing::expect_error(ErrorCode::kUsage, {"conditional"}, [&] { Trainer(inputs, some, some); });
}

}  // namespace
}  // namespace ra

#include "ra/experiment/reference_import.h"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>

#include "ra/base/error.h"
#include "ra/experiment/config_yaml.h"
#include "ra/experiment/load_config.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A file of the reference's shape with every key that is known; `replacements` change it word by word.
std::string reference_file(const std::vector<std::pair<std::string, std::string>>& replacements = {}) {
  std::string text = R"(size: &size !!python/tuple [64, 64]
folder: &folder runs/
experiment: {name: exp, task: train, weights: }
device: gpu
configurator: {module_name: core.Configurator, class_name: DLConfigurator, params: }
model:
  module_name: model_zoo.ra
  class_name: RA
  params: {cdim: 1, zdim: 32, channels: [16, 32, 32], image_size: 64, conditional: False}
trainer:
  module_name: projects.any_name.RA_Trainer
  class_name: PTrainer
  params:
    input_size: *size
    checkpoint_path: *folder
    nr_epochs: 2
    patience: 9
    alfa: 0.1
    loss: {module_name: optim.losses.ln_losses, class_name: L2, params: }
    optimizer_params: {lr: 5.0e-5}
  data_loader:
    module_name: core.DataLoader
    class_name: DefaultDataLoader
    params:
      args: &args
        dataset_module: {module_name: data.loaders.fastmri_loader, class_name: FastLoader}
        data_dir: {train: [lists/train.csv], val: [lists/val.csv], test: [lists/test.csv]}
        target_size: *size
        batch_size: 4
        num_workers: 2
downstream_tasks:
  detection:
    module_name: projects.any_name.DownstreamEvaluator
    class_name: PDownstreamEvaluator
    checkpoint_path: *folder
    global_detection: True
    data_loader:
      module_name: core.DataLoader
      class_name: DefaultDataLoader
      params: {args: *args}
      datasets:
        Normal_a: {data_dir: {test: [n.csv]}}
        ill: {data_dir: {test: [i.csv]}, label_dir: {test: [i_ann.csv]}, mask_dir: {test: [i_neg.csv]}}
)";
  for (const auto& [from, to] : replacements) {
    const std::size_t place = text.find(from);
    if (place == std::string::npos) ADD_FAILURE() << "no " << from;
    text.replace(place, from.size(), to);
  }
  return text;
}

ReferenceImport import(const std::string& text) {
  return import_reference(parse_yaml(text, "r.yaml"), "r.yaml", "2024_01_31_23_59_58_123456");
}

std::string refusal(const std::vector<std::pair<std::string, std::string>>& replacements) {
  try {
    import(reference_file(replacements));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(ReferenceImport, ConvertsEverySection) {
  ReferenceImport imported = import(reference_file());
  ExperimentConfig& config = imported.config;
  config.finish();
  EXPECT_EQ(config.name, "exp");
  EXPECT_THAT(config.tracking.sinks, ElementsAre("wandb"));
  EXPECT_EQ(config.task, "train");
  EXPECT_EQ(config.seed, 2109u);
  EXPECT_EQ(config.device, "auto");
  EXPECT_EQ(config.output, "runs/2024_01_31_23_59_58_123456");
  EXPECT_EQ(config.model.latent_size, 32);
  EXPECT_THAT(config.model.channels, ElementsAre(16, 32, 32));
  EXPECT_EQ(config.input.image_size, 64);
  EXPECT_EQ(config.input.scaling, InputScaling::kReference);
  EXPECT_EQ(config.training.epochs, 2);
  EXPECT_EQ(config.training.patience, 9);
  EXPECT_EQ(config.training.learning_rate, 5e-5);
  EXPECT_EQ(config.training.batch_size, 4);
  EXPECT_EQ(config.training.loader_threads, 2);
  EXPECT_EQ(config.training.batch_norm, BatchNormMode::kFrozen);
  EXPECT_EQ(config.training.warmup.epochs, 0);
  EXPECT_TRUE(config.augmentation.enabled);
  EXPECT_THAT(config.data.train, ElementsAre("lists/train.csv"));
  ASSERT_EQ(config.downstream_tasks.size(), 1u);
  const DownstreamTask& task = config.downstream_tasks[0];
  EXPECT_EQ(task.kind, DownstreamKind::kDetection);
  EXPECT_EQ(task.output, "") << "in the run's own folder";
  ASSERT_EQ(task.datasets.size(), 2u);
  EXPECT_TRUE(task.datasets[0].is_healthy());
  EXPECT_FALSE(task.datasets[1].is_healthy());
  EXPECT_THAT(task.datasets[1].labels, ElementsAre("i_ann.csv"));
  EXPECT_THAT(task.datasets[1].masks, ElementsAre("i_neg.csv"));
}

TEST(ReferenceImport, SaysWhatHasNoEffect) {
  const auto notes = import(reference_file({{"patience: 9", "cp_interval: 5"}})).notes;
  EXPECT_THAT(notes, Contains("trainer.params.alfa has no effect"));
  EXPECT_THAT(notes, Contains(HasSubstr("trainer.params.loss has no effect")));
  EXPECT_THAT(notes, Contains("trainer.params.cp_interval is not known and has no effect"));
  EXPECT_THAT(notes, Not(Contains(HasSubstr("folder"))));
}

TEST(ReferenceImport, ExpandsEqualWidthsOnlyWhereTheFileNamesThem) {
  const auto named = import(reference_file({{"[16, 32, 32]", "[64, 512, 512]"}})).config.model;
  EXPECT_TRUE(named.expands(512, 512));
  EXPECT_FALSE(named.expands(256, 256));
  const auto unnamed =
      import(reference_file({{"channels: [16, 32, 32], image_size: 64", "image_size: 64"}})).config.model;
  EXPECT_FALSE(unnamed.expands(512, 512));
  EXPECT_EQ(unnamed.channels, ModelOptions{}.channels);
}

TEST(ReferenceImport, TakesMissingParamsAsDefaults) {
  const auto config = import(reference_file({{"params: {cdim: 1, zdim: 32, channels: [16, 32, 32], image_size: 64, "
                                              "conditional: False}",
                                              "params:"},
                                             {"[64, 64]", "[128, 128]"}}))
                          .config;
  EXPECT_EQ(config.model.latent_size, ModelOptions{}.latent_size);
}

TEST(ReferenceImport, KnowsTheKindsOfDownstreamTasks) {
  const auto kind = [](const std::string& name, const std::string& global) {
    return import(reference_file({{"  detection:", "  " + name + ":"}, {"global_detection: True", global}}))
        .config.downstream_tasks.at(0)
        .kind;
  };
  EXPECT_EQ(kind("anything", "global_detection: True"), DownstreamKind::kDetection);
  EXPECT_EQ(kind("anything", "global_detection: False"), DownstreamKind::kLocalization);
  EXPECT_EQ(kind("latent_vizu", "params: {global_detection: False}"), DownstreamKind::kLatents);
  EXPECT_EQ(kind("pseudo_healthy", "params:"), DownstreamKind::kPseudoHealthy);
  EXPECT_EQ(kind("anything", "params: {global_detection: True}"), DownstreamKind::kDetection);
}

TEST(ReferenceImport, TakesPlainDatasetsAsUnaugmentedAndFoldersWithTheirSuffix) {
  const auto config = import(reference_file({{"data.loaders.fastmri_loader, class_name: FastLoader",
                                              "core.DataLoader, class_name: DefaultDataset"},
                                             {"num_workers: 2", "file_type: .png"},
                                             {"lists/train.csv", "pictures"}}))
                          .config;
  EXPECT_FALSE(config.augmentation.enabled);
  EXPECT_THAT(config.data.train, ElementsAre("pictures/*.png"));
  EXPECT_THAT(config.data.val, ElementsAre("lists/val.csv"));
}

TEST(ReferenceImport, NeedsWeightsForEveryTaskButTrain) {
  EXPECT_THAT(refusal({{"task: train", "task: test"}}), HasSubstr("`weights` must name a model file"));
  const auto config = import(reference_file({{"task: train, weights: ", "task: evaluate, weights: best.pt"}})).config;
  EXPECT_EQ(config.task, "test");
  EXPECT_EQ(config.weights, "best.pt");
}

TEST(ReferenceImport, RefusesUnknownClassesAndListsTheKnown) {
  EXPECT_THAT(refusal({{"model_zoo.ra", "model_zoo.vae"}}),
              AllOf(HasSubstr("r.yaml:7"), HasSubstr("model_zoo.vae"), HasSubstr("known: model_zoo.ra RA")));
  EXPECT_THAT(refusal({{"class_name: FastLoader", "class_name: SlowLoader"}}),
              AllOf(HasSubstr("FastLoader"), HasSubstr("DefaultDataset")));
  EXPECT_THAT(refusal({{"projects.any_name.RA_Trainer", "projects.RA_Trainer"}}), HasSubstr("projects.*.RA_Trainer"));
}

TEST(ReferenceImport, RefusesMisspeltKeysAndMissingSections) {
  EXPECT_THAT(refusal({{"nr_epochs", "nr_epoch"}}),
              AllOf(HasSubstr("r.yaml:16"), HasSubstr("'nr_epoch'"), HasSubstr("'nr_epochs'")));
  EXPECT_THAT(refusal({{"downstream_tasks:", "downstream_task:"}}), HasSubstr("did you mean 'downstream_tasks'"));
  EXPECT_THAT(refusal({{"configurator: {module_name: core.Configurator, class_name: DLConfigurator, params: }\n", ""}}),
              HasSubstr("section 'configurator' is missing"));
  EXPECT_THAT(refusal({{"nr_epochs: 2", "nr_epochs: two"}}), HasSubstr("must be a whole number"));
  EXPECT_THAT(refusal({{"input_size: *size", "input_size: [32, 32]"}}), HasSubstr("make them equal"));
  EXPECT_THAT(refusal({{"device: gpu", "device: tpu"}}), HasSubstr("gpu or cpu"));
}

TEST(ReferenceImport, WritesATimestampInItsOwnFormat) {
  EXPECT_TRUE(std::regex_match(reference_timestamp(), std::regex(R"(\d{4}(_\d\d){5}_\d{6})")));
}

TEST(LoadConfig, RecognisesBothShapesAndAppliesSettings) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "r.yaml") << reference_file();
  std::ofstream(folder.path() / "n.yaml") << "name: mine\ntraining: {epochs: 3}\n";
  const LoadedConfig reference = load_config(folder.path() / "r.yaml", {"training.epochs=7"});
  EXPECT_TRUE(reference.is_reference);
  EXPECT_EQ(reference.config.training.epochs, 7);
  const LoadedConfig native = load_config(folder.path() / "n.yaml", {"device=cpu"});
  EXPECT_FALSE(native.is_reference);
  EXPECT_EQ(native.config.training.epochs, 3);
  EXPECT_EQ(native.config.device, "cpu");
  // What is written of an imported file is a native file of the same meaning.
  std::ofstream(folder.path() / "resolved.yaml") << to_yaml(reference.config);
  EXPECT_EQ(to_yaml(load_config(folder.path() / "resolved.yaml").config), to_yaml(reference.config));
}

TEST(LoadConfig, TakesTheSharedReferenceFilesUnchanged) {
  RA_SHARED_OR_SKIP(shared, "reference_config");
  const LoadedConfig small = load_config(shared / "small.yaml");
  EXPECT_TRUE(small.is_reference);
  EXPECT_EQ(small.config.model.image_size, 64);
  EXPECT_EQ(small.config.training.epochs, 2);
  EXPECT_THAT(small.config.output, ::testing::StartsWith("./weights/small/2"));
  const LoadedConfig full = load_config(shared / "full_test.yaml");
  EXPECT_EQ(full.config.task, "test");
  EXPECT_EQ(full.config.weights, "./weights/full/best_model.pt");
  ASSERT_EQ(full.config.downstream_tasks.size(), 3u);
  EXPECT_EQ(full.config.downstream_tasks[0].kind, DownstreamKind::kLatents);
  EXPECT_EQ(full.config.downstream_tasks[1].kind, DownstreamKind::kDetection);
  EXPECT_EQ(full.config.downstream_tasks[2].kind, DownstreamKind::kLocalization);
}

}  // namespace
}  // namespace ra

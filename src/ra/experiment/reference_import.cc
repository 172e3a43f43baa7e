#include "ra/experiment/reference_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "ra/base/error.h"
#include "ra/experiment/reference_section.h"

namespace ra {
namespace {

void import_model(ReferenceSection model, ModelOptions& options) {
  model.part({ReferencePart::kModel});
  ReferenceSection params = model.section("params");
  if (const auto value = params.integer("cdim")) options.image_channels = *value;
  if (const auto value = params.integer("zdim")) options.latent_size = *value;
  if (const auto value = params.integer("image_size")) options.image_size = *value;
  if (const auto value = params.boolean("conditional")) options.conditional = *value;
  if (const auto value = params.integer("cond_dim")) options.condition_size = *value;
  const std::vector<int> channels = params.integers("channels");
  if (!channels.empty()) {
    options.channels = channels;
    // Note [conv_expand] in model/reversed_autoencoder.h: true only for widths that were read from a file.
    options.expand_equal_channels = true;
    options.expand_equal_channels_above = 256;
  }
  params.finish();
  model.finish();
}

// target_size and input_size end in two sides that must both be the network's.
void check_size(ReferenceSection& section, std::string_view key, const ModelOptions& model) {
  const std::vector<int> size = section.integers(key);
  if (size.empty()) return;
  if (size.size() < 2 || size[size.size() - 2] != model.image_size || size.back() != model.image_size) {
    section.refuse(fmt::format("{} is [{}], but model.params.image_size is {}; make them equal", key,
                               fmt::join(size, ", "), model.image_size));
  }
}

// CSV lists as they are; a folder with a file type becomes a glob.
std::vector<std::string> import_paths(ReferenceSection& section, std::string_view key, const std::string& file_type) {
  std::vector<std::string> paths = section.texts(key);
  for (std::string& path : paths) {
    const bool is_folder = !path.ends_with(".csv") && path.find('*') == std::string::npos;
    if (is_folder && !file_type.empty()) path += (path.ends_with('/') ? "*" : "/*") + file_type;
  }
  return paths;
}

// Checks what a data loader has in common for training and downstream tasks; returns its file type.
std::string import_loader_arguments(ReferenceSection& args, const ModelOptions& model, bool& augmented) {
  check_size(args, "target_size", model);
  ReferenceSection dataset = args.section("dataset_module");
  augmented = true;
  if (dataset.node().kind != YamlNode::Kind::kNull) {
    augmented = dataset.part({ReferencePart::kPlainDataset, ReferencePart::kAugmentedDataset}) ==
                ReferencePart::kAugmentedDataset;
    if (!augmented) args.note("DefaultDataset does not pad; here slices that are not square are padded all the same");
    dataset.finish();
  }
  return args.text("file_type").value_or("");
}

void import_training_data(ReferenceSection loader, ExperimentConfig& config) {
  loader.part({ReferencePart::kDataLoader});
  ReferenceSection params = loader.section("params");
  ReferenceSection args = params.section("args");
  const std::string file_type = import_loader_arguments(args, config.model, config.augmentation.enabled);
  ReferenceSection folders = args.section("data_dir");
  config.data.train = import_paths(folders, "train", file_type);
  config.data.val = import_paths(folders, "val", file_type);
  config.data.test = import_paths(folders, "test", file_type);
  folders.finish();
  if (const auto value = args.integer("batch_size")) config.training.batch_size = *value;
  if (const auto value = args.integer("num_workers")) config.training.loader_threads = std::max(1, *value);
  args.without_effect({"label_dir", "mask_dir"});
  args.finish();
  params.finish();
  loader.finish();
}

void import_trainer(ReferenceSection trainer, const std::string& timestamp, ExperimentConfig& config) {
  trainer.part({ReferencePart::kTrainer});
  ReferenceSection params = trainer.section("params");
  check_size(params, "input_size", config.model);
  if (const auto path = params.text("checkpoint_path")) config.output = *path + timestamp;
  if (const auto value = params.integer("nr_epochs")) config.training.epochs = *value;
  if (const auto value = params.integer("patience")) config.training.patience = *value;
  ReferenceSection optimizer = params.section("optimizer_params");
  if (const auto value = optimizer.number("lr")) config.training.learning_rate = *value;
  optimizer.finish();
  ReferenceSection loss = params.section("loss");
  if (loss.node().kind != YamlNode::Kind::kNull) {
    loss.part({ReferencePart::kLoss});
    loss.note(loss.path() + " has no effect: the introspective losses are the trainer's own");
  }
  params.without_effect({"lr_scheduler", "alfa"});
  params.finish();
  import_training_data(trainer.required_section("data_loader"), config);
  trainer.finish();
}

// The reference knows a task's kind by `global_detection` or by its name.
DownstreamKind kind_of(const std::string& name, bool global_detection) {
  if (global_detection) return DownstreamKind::kDetection;
  if (name == "latent_vizu") return DownstreamKind::kLatents;
  if (name == "pseudo_healthy") return DownstreamKind::kPseudoHealthy;
  return DownstreamKind::kLocalization;
}

EvaluationSet import_set(ReferenceSection section, const std::string& name, const std::string& file_type) {
  EvaluationSet set;
  set.name = name;
  for (const auto& [key, paths] : {std::pair<const char*, std::vector<std::string>*>{"data_dir", &set.test},
                                   {"label_dir", &set.labels},
                                   {"mask_dir", &set.masks}}) {
    ReferenceSection folders = section.section(key);
    *paths = import_paths(folders, "test", file_type);
    folders.without_effect({"train", "val"});
    folders.finish();
  }
  section.finish();
  return set;
}

DownstreamTask import_task(ReferenceSection section, const std::string& name, const std::string& timestamp,
                           const ModelOptions& model) {
  section.part({ReferencePart::kEvaluator});
  // Both keys may stand beside `params` or in it.
  ReferenceSection params = section.section("params");
  const auto inner_path = params.text("checkpoint_path"), path = section.text("checkpoint_path");
  const auto inner_global = params.boolean("global_detection"), global = section.boolean("global_detection");
  params.finish();
  DownstreamTask task;
  task.name = name;
  task.kind = kind_of(name, global.value_or(inner_global.value_or(false)));
  const std::string folder = path.value_or(inner_path.value_or(""));
  if (!folder.empty()) task.output = fmt::format("{}{}/{}", folder, timestamp, name);

  ReferenceSection loader = section.required_section("data_loader");
  loader.part({ReferencePart::kDataLoader});
  ReferenceSection loader_params = loader.section("params");
  ReferenceSection args = loader_params.section("args");
  bool augmented = false;  // nothing is augmented at test time
  const std::string file_type = import_loader_arguments(args, model, augmented);
  if (args.integer("batch_size") || args.integer("num_workers")) {
    args.note("batch_size and num_workers of downstream tasks have no effect: every slice is scored by itself");
  }
  args.without_effect({"data_dir", "label_dir", "mask_dir"});
  args.finish();
  loader_params.finish();
  ReferenceSection datasets = loader.required_section("datasets");
  for (const std::string& set : datasets.node().keys()) {
    task.datasets.push_back(import_set(datasets.section(set), set, file_type));
  }
  loader.finish();
  section.finish();
  return task;
}

void import_experiment(ReferenceSection experiment, ExperimentConfig& config) {
  if (const auto name = experiment.text("name")) config.name = *name;
  const std::string task = experiment.text("task").value_or("train");
  config.weights = experiment.text("weights").value_or("");
  if (task != "train" && config.weights.empty()) {
    experiment.refuse(fmt::format("task is '{}', so `weights` must name a model file", task));
  }
  if (task == "train" && !config.weights.empty()) {
    experiment.note("experiment.weights has no effect: task train starts from new weights");
    config.weights.clear();
  }
  config.task = task == "train" ? "train" : "test";
  experiment.finish();
}

std::string import_device(ReferenceSection& root) {
  const std::string device = root.text("device").value_or("gpu");
  if (device == "gpu" || device == "cuda") return "auto";  // CUDA if there is one, else the CPU
  if (device != "cpu") root.refuse(fmt::format("device is '{}', it must be gpu or cpu", device));
  return device;
}

}  // namespace

bool is_reference_document(const YamlNode& document) {
  return document.find("experiment") != nullptr || document.find("configurator") != nullptr ||
         document.find("trainer") != nullptr;
}

ReferenceImport import_reference(const YamlNode& document, const std::string& origin, const std::string& timestamp) {
  ReferenceImport result;
  ExperimentConfig& config = result.config;
  ReferenceSection root(document, origin, "", result.notes);
  if (const auto name = root.text("name")) config.name = config.tracking.name = *name;
  import_experiment(root.required_section("experiment"), config);
  // The reference always logs to W&B, to the experiment's project.
  config.tracking.sinks = {"wandb"};
  config.device = import_device(root);
  ReferenceSection configurator = root.required_section("configurator");
  configurator.part({ReferencePart::kConfigurator});
  configurator.without_effect({"params"});
  configurator.finish();
  config.input.scaling = InputScaling::kReference;
  config.training.batch_norm = BatchNormMode::kFrozen;
  config.training.warmup.epochs = 0;
  import_model(root.required_section("model"), config.model);
  import_trainer(root.required_section("trainer"), timestamp, config);
  ReferenceSection tasks = root.section("downstream_tasks");
  for (const std::string& name : tasks.node().keys()) {
    DownstreamTask task = import_task(tasks.section(name), name, timestamp, config.model);
    // In the trainer's folder a task lies where a native one does, and a report of the run finds it.
    if (task.output == config.output + "/" + name) task.output.clear();
    config.downstream_tasks.push_back(std::move(task));
  }
  root.note(
      "the perceptual distance is the built-in one; for the reference's set detection.perceptual=squeezenet and "
      "detection.perceptual_weights");
  root.finish();
  return result;
}

std::string reference_timestamp() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1000000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y_%m_%d_%H_%M_%S", &local);
  return fmt::format("{}_{:06}", text, microseconds);
}

}  // namespace ra

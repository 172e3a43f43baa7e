#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/experiment/config_schema.h"
#include "ra/experiment/config_yaml.h"
#include "ra/experiment/experiment_files.h"
#include "ra/experiment/load_config.h"

namespace ra {
namespace {

struct ConfigOptions {
  CommonOptions common;
  std::string file;
  bool defaults = false;
};

LoadedConfig load(const ConfigOptions& options) {
  LoadedConfig loaded = load_config(options.file, options.common.set);
  if (!options.common.data_root.empty()) loaded.config.data.root = options.common.data_root;
  return loaded;
}

int show(const ConfigOptions& options) {
  apply_common_options(options.common);
  if (options.defaults || options.file.empty()) {
    ExperimentConfig config;
    for (const std::string& setting : options.common.set) apply_setting(setting, config);
    fmt::print("{}", to_yaml(config));
  } else {
    fmt::print("{}", to_yaml(load(options).config));
  }
  return kExitSuccess;
}

void print_summary(const ConfigOptions& options, const LoadedConfig& loaded) {
  const ExperimentConfig& config = loaded.config;
  fmt::print("{}: {}\n", options.file,
             loaded.is_reference ? "an experiment file of the reference, converted" : "a native experiment file");
  fmt::print("  name        {}\n", config.name);
  if (config.task == "train") {
    fmt::print("  task        train: {} epochs after {} of warm-up, batch {}, learning rate {}, batch norm {}\n",
               config.training.epochs, config.training.warmup.epochs, config.training.batch_size,
               config.training.learning_rate,
               config.training.batch_norm == BatchNormMode::kFrozen ? "frozen" : "by the batch");
  } else {
    fmt::print("  task        test {}\n", config.weights);
  }
  fmt::print("  network     {}x{} pixels, {} channel(s), widths {}, latent {}\n", config.model.image_size,
             config.model.image_size, config.model.image_channels, fmt::join(config.model.channels, " "),
             config.model.latent_size);
  fmt::print("  input       {} scaling, augmentation {}\n", to_string(config.input.scaling),
             config.augmentation.enabled ? "on" : "off");
  fmt::print("  device      {}, seed {}\n", config.device, config.seed);
  fmt::print("  output      {}\n", config.output.empty() ? "runs/TIME_" + config.name : config.output);
  for (const DownstreamTask& task : config.downstream_tasks) {
    fmt::print("  downstream  {}: {} on {} datasets\n", task.name, to_string(task.kind), task.datasets.size());
  }
  for (const std::string& note : loaded.notes) fmt::print("  note        {}\n", note);
  std::fflush(stdout);  // before an error that may follow on the other stream
}

void print_files(const ExperimentConfig& config, const ExperimentFiles& files) {
  if (config.task == "train") {
    fmt::print("  files       {} train, {} val, {} test\n", files.data.train.size(), files.data.val.size(),
               files.data.test.size());
  }
  for (std::size_t t = 0; t < config.downstream_tasks.size(); ++t) {
    const DownstreamTask& task = config.downstream_tasks[t];
    for (std::size_t k = 0; k < task.datasets.size(); ++k) {
      fmt::print("  files       {} in {} of {}\n", files.downstream[t][k].images.size(), task.datasets[k].name,
                 task.name);
    }
  }
  fmt::print("Every file is there.\n");
}

int check(const ConfigOptions& options) {
  apply_common_options(options.common);
  const LoadedConfig loaded = load(options);
  print_summary(options, loaded);
  print_files(loaded.config, find_experiment_files(loaded.config));
  return kExitSuccess;
}

int print_schema() {
  fmt::print("{}", config_schema());
  return kExitSuccess;
}

}  // namespace

void add_config_command(CLI::App& app) {
  CLI::App& group =
      add_verb(app, "config", "Show, check and describe experiment files", "ra config show --defaults > my.yaml");
  group.require_subcommand(1);

  auto options = std::make_shared<ConfigOptions>();
  CLI::App& show_verb =
      add_verb(group, "show", "Print an experiment file in full, with every default and a comment a key",
               "ra config show configs/demo.yaml --set training.epochs=20");
  show_verb.add_option("CONFIG", options->file, "Experiment file, native or of the reference; none for the defaults");
  show_verb.add_flag("--defaults", options->defaults, "Print the defaults alone");
  add_set_option(show_verb, options->common);
  add_log_options(show_verb, options->common);
  on_run(show_verb, [options] { return show(*options); });

  CLI::App& check_verb = add_verb(group, "check", "Say what an experiment file means, and whether its data is there",
                                  "ra config check configs/demo.yaml");
  check_verb.add_option("CONFIG", options->file, "Experiment file, native or of the reference")->required();
  check_verb.add_option("--data-root", options->common.data_root, "Folder that relative paths in lists start from");
  add_set_option(check_verb, options->common);
  add_log_options(check_verb, options->common);
  on_run(check_verb, [options] { return check(*options); });

  CLI::App& schema_verb = add_verb(group, "schema", "Print the JSON Schema of native experiment files",
                                   "ra config schema > experiment.schema.json");
  on_run(schema_verb, [] { return print_schema(); });
}

}  // namespace ra

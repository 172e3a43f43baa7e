#pragma once

#include <string>

namespace ra::testing {

// An experiment file of the reference's shape with one downstream task, localization, for the model of
// write_small_model(). `data_dir` is the trainer's, as "{test: [healthy.csv]}"; `datasets` are the task's, each line
// indented by ten spaces or more.
inline std::string reference_experiment(const std::string& data_dir, const std::string& datasets) {
  return R"(experiment: {name: five, task: test, weights: model.pt}
device: cpu
configurator: {module_name: core.Configurator, class_name: DLConfigurator}
model:
  module_name: model_zoo.ra
  class_name: RA
  params: {cdim: 1, zdim: 8, channels: !!python/tuple [4, 8, 8], image_size: 32}
trainer:
  module_name: projects.x.RA_Trainer
  class_name: PTrainer
  params: {checkpoint_path: weights/}
  data_loader: {module_name: core.DataLoader, class_name: DefaultDataLoader, params: {args: {data_dir: )" +
         data_dir + R"(}}}
downstream_tasks:
  localization:
    module_name: projects.x.DownstreamEvaluator
    class_name: PDownstreamEvaluator
    data_loader:
      module_name: core.DataLoader
      class_name: DefaultDataLoader
      params: {args: {}}
      datasets:
)" + datasets;
}

}  // namespace ra::testing

#include "ra/experiment/run_training.h"

#include <ATen/ATen.h>

#include "ra/data/slice_dataset.h"
#include "ra/data/subject.h"
#include "ra/experiment/run_folder.h"
#include "ra/model/model_file.h"

namespace ra {
namespace {

SeenSubjects seen_subjects(const DataOptions& options, const DataFiles& files) {
  return {subject_hashes(subjects_of(files.train, files.subjects)), subject_hashes(subjects_of(files.val, files.subjects)),
          options.allow_overlap};
}

}  // namespace

TrainingReport run_training(const ExperimentConfig& config, const ExperimentFiles& files,
                            const std::filesystem::path& folder, at::Device device, TrainingCallbacks callbacks,
                            const std::function<void(std::size_t, std::size_t)>& on_load) {
  const int threads = config.training.loader_threads;
  const SliceDataset training = load_slices(files.data.train, config.input, threads, on_load);
  const SliceDataset validation = load_slices(files.data.val, config.input, threads, on_load);
  TrainerInputs inputs;
  inputs.model = std::make_shared<ReversedAutoencoder>(config.model, config.seed);
  inputs.model->to(at::kFloat, device);
  inputs.input = config.input;
  inputs.training = config.training;
  inputs.augmentation = config.augmentation;
  inputs.seed = config.seed;
  inputs.subjects = seen_subjects(config.data, files.data);
  inputs.folder = folder;
  begin_run_folder(folder, config, files, device);
  return Trainer(std::move(inputs), training, validation, std::move(callbacks)).run();
}

std::optional<Validation> run_test(const ExperimentConfig& config, const ExperimentFiles& files,
                                   const std::filesystem::path& folder, at::Device device) {
  if (files.data.test.empty()) return std::nullopt;
  const SliceDataset test = load_slices(files.data.test, config.input, config.training.loader_threads);
  const ModelFile best = read_model_file(folder / "checkpoints" / "best.pt");
  best.model->to(at::kFloat, device);
  const LatentRule rule = best.latent_rule.value_or(LatentRule::fallback());
  const LatentRule averaging = rule.draws() > 1 ? rule : LatentRule::fallback();
  const at::Tensor noise = latent_noise(averaging, config.model.latent_size, config.seed);
  const Validation measured = validate(*best.model, test.images, noise, config.training.batch_size);
  MetricsLog(folder / "metrics.jsonl").write(validation_metrics(measured, rule, "Test"));
  return measured;
}

}  // namespace ra

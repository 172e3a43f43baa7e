#include "ra/experiment/run_training.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include "ra/base/available_memory.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/data/slice_dataset.h"
#include "ra/data/subject.h"
#include "ra/experiment/load_config.h"
#include "ra/experiment/model_shape.h"
#include "ra/experiment/result_settings.h"
#include "ra/experiment/run_folder.h"
#include "ra/experiment/tracked_run.h"
#include "ra/model/model_file.h"
#include "ra/model/precision.h"
#include "ra/training/memory_estimate.h"
#include "ra/training/resume_point.h"

namespace ra {
namespace {

SeenSubjects seen_subjects(const DataOptions& options, const DataFiles& files) {
  return {subject_hashes(subjects_of(files.train, files.subjects)),
          subject_hashes(subjects_of(files.val, files.subjects)), options.allow_overlap};
}

// Numbers are the same bit for bit only with the same library and as many threads.
void compare_programs(const TrainingOrigin& before, const TrainingOrigin& now) {
  if (before.libtorch_version != now.libtorch_version || before.program_version != now.program_version) {
    log::warning(
        "the run began with ra {} and LibTorch {}, and goes on with {} and {}: numbers may differ in their last "
        "digits from those of one program",
        before.program_version, before.libtorch_version, now.program_version, now.libtorch_version);
  }
  if (before.threads != now.threads) {
    log::warning(
        "the run began with {} thread(s) and goes on with {}: numbers may differ in their last digits; "
        "--threads {} keeps them",
        before.threads, now.threads, before.threads);
  }
}

void check_memory(const ExperimentConfig& config, const DataFiles& files, at::Device device) {
  const auto available = available_memory();
  if (!available || !device.is_cpu()) return;
  const auto slices = static_cast<std::int64_t>(files.train.size() + files.val.size());
  const MemoryEstimate estimate = estimate_memory(config.model, config.training, slices);
  log::debug("about {} MiB of memory are needed, {} are available", estimate.total() >> 20, *available >> 20);
  require_memory(estimate, *available);
}

// A run cannot be made shorter than it is.
void require_finished_epochs(const TrainingOptions& training, std::int64_t finished) {
  if (training.warmup.epochs + training.epochs >= finished) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("the run has finished {} epochs, {} of them of the warm-up, so training.epochs cannot be {}; "
                          "the least is {}",
                          finished, training.warmup.epochs, training.epochs, finished - training.warmup.epochs));
}

void warn_if_slow(Precision precision, at::Device device) {
  if (precision != Precision::kBf16 || !device.is_cpu() || has_bf16_units()) return;
  log::warning(
      "training.precision is bf16, and this processor has no units for it (AVX512-BF16 or AMX): the numbers are those "
      "of bf16, but fp32 would be many times faster here");
}

// What was found of a state, said before it is used.
void announce(const TrainingStart& start) {
  if (!start.from) return;
  const std::string file = start.from->path.string();
  if (!start.resumes) return log::info("begins with the model of '{}' after its {} epochs", file, start.from->epochs());
  const TrainingPosition& position = start.from->state->position;
  log::info("goes on after {} epochs and {} steps, from '{}'", position.epochs, position.steps, file);
}

}  // namespace

ResumedRun resumed_run(const std::filesystem::path& folder, const std::vector<std::string>& settings,
                       const std::string& data_root) {
  ResumedRun run;
  run.config = load_config(folder / "config.yaml", settings).config;
  run.config.output = folder.string();
  if (!data_root.empty()) run.config.data.root = data_root;
  run.config.finish();
  if (run.config.task != "train") {
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' was no training (its task is {}), so there is nothing to go on with", folder.string(),
                            run.config.task));
  }
  run.start.resumes = true;
  run.start.from = find_resume_point(folder);
  if (run.start.from) {
    require_same_settings(run.start.from->state->origin.settings, result_settings(run.config));
    require_finished_epochs(run.config.training, run.start.from->epochs());
  } else {
    log::warning("'{}' has saved nothing, so the run begins anew", folder.string());
    run.start.resumes = false;
  }
  return run;
}

TrainingStart start_from_file(const std::filesystem::path& path, ExperimentConfig& config) {
  TrainingStart start{read_training_checkpoint(path), false};
  start.from->state.reset();  // another run's
  const ModelOptions shape = options_from_state(start.from->content.weights());
  require_same_shape(path, shape, config.model);
  config.model.expand_equal_channels = shape.expand_equal_channels;
  config.model.expand_equal_channels_above = shape.expand_equal_channels_above;
  const int epochs = config.training.warmup.epochs + config.training.epochs;
  if (start.from->epochs() >= epochs) {
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' has {} epochs behind it, and the configuration asks for {} in all; "
                            "raise training.epochs",
                            path.string(), start.from->epochs(), epochs));
  }
  return start;
}

TrainingReport run_training(const ExperimentConfig& config, const ExperimentFiles& files,
                            const std::filesystem::path& folder, at::Device device, TrainingStart start,
                            TrainingCallbacks callbacks, const std::function<void(std::size_t, std::size_t)>& on_load) {
  check_memory(config, files.data, device);
  warn_if_slow(config.training.precision, device);
  TrainerInputs inputs;
  inputs.origin = {result_settings(config), identify_data(files.data), RA_VERSION, TORCH_VERSION,
                   at::get_num_threads()};
  if (start.resumes) {
    require_same_data(start.from->state->origin.data, inputs.origin.data);
    compare_programs(start.from->state->origin, inputs.origin);
  }
  const int threads = config.training.loader_threads;
  const SliceDataset training = load_slices(files.data.train, config.input, threads, on_load);
  const SliceDataset validation = load_slices(files.data.val, config.input, threads, on_load);
  inputs.model = std::make_shared<ReversedAutoencoder>(config.model, config.seed);
  inputs.model->to(at::kFloat, device);
  inputs.input = config.input;
  inputs.training = config.training;
  inputs.augmentation = config.augmentation;
  inputs.seed = config.seed;
  inputs.subjects = seen_subjects(config.data, files.data);
  inputs.folder = folder;
  inputs.on_first_best = [folder] { forget_replaced(folder); };
  announce(start);
  if (start.resumes) {
    continue_run_folder(folder, config, device, start.from->epochs());
  } else {
    begin_run_folder(folder, config, inputs.origin.data, device);
  }
  inputs.tracked = tracked_run(folder);
  inputs.from = std::move(start.from);
  Trainer trainer(std::move(inputs), training, validation, std::move(callbacks));
  for (const std::string& missing : trainer.not_restored()) log::warning("the file does not hold {}", missing);
  return trainer.run();
}

std::optional<Validation> run_test(const ExperimentConfig& config, const ExperimentFiles& files,
                                   const std::filesystem::path& folder, at::Device device, RunTrackers& trackers) {
  if (files.data.test.empty()) return std::nullopt;
  const SliceDataset test = load_slices(files.data.test, config.input, config.training.loader_threads);
  const ModelFile best = read_model_file(folder / "checkpoints" / "best.pt");
  best.model->to(at::kFloat, device);
  const LatentRule rule = best.latent_rule.value_or(LatentRule::fallback());
  const LatentRule averaging = rule.draws() > 1 ? rule : LatentRule::fallback();
  const at::Tensor noise = latent_noise(averaging, config.model.latent_size, config.seed);
  const Validation measured = validate(*best.model, test.images, noise, config.training.batch_size);
  trackers.row(validation_metrics(measured, rule, "Test"));
  return measured;
}

}  // namespace ra

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "ra/base/error.h"
#include "ra/base/ordered_workers.h"
#include "ra/base/random.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/batch_loader.h"
#include "ra/data/path_list.h"
#include "ra/data/slice_dataset.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/detection/one_thread.h"
#include "ra/detection/openvino_forward.h"
#include "ra/experiment/device.h"
#include "ra/model/folded_network.h"
#include "ra/model/precision.h"
#include "ra/training/graphed_step.h"
#include "ra/training/introspective_step.h"
#include "ra/training/step_noise.h"

namespace ra {
namespace {

// Optionals are of one kind of work only, and keep their default where they are not given.
struct BenchmarkOptions {
  CommonOptions common;
  std::string work = "screen";
  std::optional<std::string> precision, backend, fidelity, perceptual, perceptual_weights;
  std::optional<int> streams;
  std::vector<std::string> inputs;
  int batch = 8;
  int repeats = 5;
};

// What is timed.
struct Work {
  std::string variant;
  std::int64_t slices;  // that one run goes through
  std::function<void()> run;
};

at::Device device_of(const BenchmarkOptions& options) { return resolve_device(options.common.device.value_or("cpu")); }

// Work that was given to a GPU goes on behind the call that gave it.
void wait_for(at::Device device) {
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

ModelOptions full_size() {
  ModelOptions options;
  options.expand_equal_channels = true;
  options.expand_equal_channels_above = 256;
  return options;
}

at::Tensor normal(std::int64_t rows, std::int64_t columns, Purpose purpose) {
  at::Tensor values = at::empty({rows, columns});
  fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, CounterRandom(0, 0, 0, purpose));
  return values;
}

at::Tensor random_images(int count) {
  at::Tensor images = at::empty({count, 1, 128, 128});
  CounterRandom random(0, 0, 0, Purpose::kBrainImaging);
  float* values = images.data_ptr<float>();
  for (std::int64_t k = 0; k < images.numel(); ++k) values[k] = static_cast<float>(random.uniform());
  return images;
}

Work training_work(const BenchmarkOptions& options) {
  const StepMode mode{options.fidelity.value_or("exact") == "fast" ? Fidelity::kFast : Fidelity::kExact,
                      precision_from_string(options.precision.value_or("fp32"))};
  auto model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  const at::Device device = device_of(options);
  model->to(at::kFloat, device);
  auto step = std::make_shared<IntrospectiveStep>(*model, LossOptions{}, BatchNormMode::kFrozen, 5e-5, mode);
  const std::shared_ptr<GraphedStep> graphs = graphed_on_gpu(*step, options.batch);
  const std::int64_t count = options.batch;
  const auto draw = [&](Purpose purpose) { return normal(count, 128, purpose).to(device); };
  const StepNoise noise{draw(Purpose::kPriorNoise),      draw(Purpose::kRealNoise),
                        draw(Purpose::kRecEncoderNoise), draw(Purpose::kFakeEncoderNoise),
                        draw(Purpose::kRecDecoderNoise), draw(Purpose::kFakeDecoderNoise)};
  return {fmt::format("ra torch {} {}", to_string(mode.precision), to_string(mode.fidelity)), count,
          // From the processor's memory, as a training's batches come.
          [model, step, graphs, images = random_images(options.batch), noise] {
            const at::Tensor sent = sent_to(noise.prior, images);
            step->read(graphs ? graphs->start(sent, noise) : step->start(sent, noise));
          }};
}

// Calls work(slice) for each slice of a batch, as `ra screen` does: several at the same time, by one thread each.
template <class OneSlice>
void over_slices(const at::Tensor& images, const OneSlice& work) {
  const int threads = at::get_num_threads();
  const OneThread one_thread;
  std::int64_t next = 0;
  const auto take = [&]() -> std::optional<std::int64_t> {
    if (next == images.size(0)) return std::nullopt;
    return next++;
  };
  OrderedWorkers<std::int64_t, bool> workers(threads, static_cast<std::size_t>(images.size(0)), take,
                                             [&](std::int64_t k) {
                                               const OneThread one_in_worker;
                                               work(images.narrow(0, k, 1));
                                               return true;
                                             });
  while (workers.next()) {
  }
}

Work openvino_forward_work(const ScreeningModel& model, const BenchmarkOptions& options) {
  const Precision precision = precision_from_string(options.precision.value_or("fp32"));
  const int threads = at::get_num_threads();
  const auto forward = make_openvino_forward(model, precision, {threads, threads});
  return {fmt::format("ra openvino {}", to_string(precision)), options.batch,
          [forward, images = random_images(options.batch)] { over_slices(images, forward); }};
}

Work native_forward_work(const ReversedAutoencoder& model, const BenchmarkOptions& options) {
  if (options.precision.value_or("fp32") != "fp32") {
    throw Error(ErrorCode::kUnsupported, "the backend native computes in fp32 alone");
  }
  const OneThread one_thread;
  auto encoder = std::make_shared<FoldedEncoder>(model.encoder(), kPackedMode);
  auto decoder = std::make_shared<FoldedDecoder>(model.decoder(), kPackedMode);
  return {"ra native fp32", options.batch, [encoder, decoder, images = random_images(options.batch)] {
            over_slices(images, [&](const at::Tensor& slice) {
              const at::NoGradGuard no_grad;
              decoder->forward(encoder->forward(slice).mean);
            });
          }};
}

Work forward_work(const BenchmarkOptions& options) {
  auto model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  const at::Device device = device_of(options);
  model->to(at::kFloat, device);
  const std::string backend = options.backend.value_or("torch");
  if (backend != "torch" && !device.is_cpu()) {
    throw Error(ErrorCode::kUsage, fmt::format("the backend {} computes on the CPU: give --device cpu", backend));
  }
  if (backend == "native") return native_forward_work(*model, options);
  if (backend == "openvino") {
    return openvino_forward_work({model, LatentRule::parse("mean"), {}, {}}, options);
  }
  const Precision precision = precision_from_string(options.precision.value_or("fp32"));
  return {fmt::format("ra torch {}", to_string(precision)), options.batch,
          [model, precision, device, images = random_images(options.batch).to(device)] {
            const at::NoGradGuard no_grad;
            const PrecisionGuard guard(precision, device.type());
            model->forward(images);
          }};
}

Work screening_work(const BenchmarkOptions& options) {
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  DetectionOptions detection;
  detection.latent = "mean";
  detection.perceptual = options.perceptual.value_or("encoder");
  detection.perceptual_weights = options.perceptual_weights.value_or("");
  detection.backend = options.backend.value_or("torch");
  detection.precision = options.precision.value_or("fp32");
  detection.streams = options.streams.value_or(0);
  auto detector =
      std::make_shared<AnomalyDetector>(std::move(file), "random weights", detection, device_of(options), 0);
  return {fmt::format("ra {} {}", detector->identity().backend, detector->identity().precision), options.batch,
          [detector, images = random_images(options.batch)] {
            over_slices(images, [&](const at::Tensor& slice) { detector->detect(slice); });
          }};
}

// Files to augmented batches, as a training does it: the first epoch of a run that has just read its list.
Work preparing_work(const BenchmarkOptions& options) {
  const auto files = expand_path_list(options.inputs, options.common.data_root);
  return {"ra", static_cast<std::int64_t>(files.size()), [files, batch = options.batch] {
            const SliceDataset dataset = load_slices(files, InputOptions{}, at::get_num_threads());
            BatchLoader loader(dataset, batch, AugmentationOptions{}, 0, at::get_num_threads());
            loader.start_epoch(0);
            while (loader.next()) {
            }
          }};
}

// An option of another kind of work would be read as one that made a difference.
void refuse_without_effect(const BenchmarkOptions& options) {
  const auto refuse = [&](bool given, const char* names) {
    if (given) throw Error(ErrorCode::kUsage, fmt::format("{} no effect with --work {}", names, options.work));
  };
  const bool screens = options.work == "screen";
  refuse(!screens && (options.perceptual || options.perceptual_weights), "--perceptual and --perceptual-weights have");
  refuse(!screens && options.streams.has_value(), "--streams has");
  refuse(!screens && options.work != "forward" && options.backend.has_value(), "--backend has");
  refuse(options.work != "train" && options.fidelity.has_value(), "--fidelity has");
  refuse(options.work == "prepare" && options.common.device.has_value(), "--device has");
  refuse(options.work == "prepare" && options.precision.has_value(), "--precision has");
  refuse(options.work != "prepare" && !options.inputs.empty(), "INPUT has");
  if (options.work == "prepare" && options.inputs.empty()) {
    throw Error(ErrorCode::kUsage, "--work prepare needs the slices: ra benchmark --work prepare INPUT...");
  }
}

Work choose_work(const BenchmarkOptions& options) {
  refuse_without_effect(options);
  if (options.work == "train") return training_work(options);
  if (options.work == "forward") return forward_work(options);
  if (options.work == "prepare") return preparing_work(options);
  return screening_work(options);
}

long peak_memory_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

int run_benchmark(const BenchmarkOptions& options) {
  apply_common_options(options.common);
  const Work work = choose_work(options);
  const at::Device device = device_of(options);
  constexpr int kWarmUps = 2;
  std::vector<double> seconds;
  for (int k = 0; k < kWarmUps + options.repeats; ++k) {
    const auto start = std::chrono::steady_clock::now();
    work.run();
    wait_for(device);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (k >= kWarmUps) seconds.push_back(passed.count() / static_cast<double>(work.slices));
  }
  const nlohmann::ordered_json line = {{"work", options.work},
                                       {"variant", work.variant},
                                       {"batch", options.batch},
                                       {"slices", work.slices},
                                       {"threads", at::get_num_threads()},
                                       {"seconds_per_slice", median(seconds)},
                                       {"runs", seconds},
                                       {"peak_memory_mib", peak_memory_mib()}};
  fmt::print("{}\n", line.dump());
  return kExitSuccess;
}

void add_options(CLI::App& command, BenchmarkOptions& options) {
  command
      .add_option("--work", options.work,
                  "train (one introspective step), forward (reconstruction), screen (slice to score) or prepare (files "
                  "to augmented batches)")
      ->check(CLI::IsMember({"train", "forward", "screen", "prepare"}))
      ->capture_default_str();
  command.add_option("INPUT", options.inputs, "of --work prepare: image files, folders, globs or CSV lists");
  command.add_option("--batch", options.batch, "slices at once")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_option("--repeats", options.repeats, "timed runs; the median is reported")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command.add_option("--device", options.common.device, "cpu (the default), cuda or auto; not of --work prepare")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command.add_option("--precision", options.precision, "fp32 (the default) or bf16; not of --work prepare")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  command
      .add_option("--backend", options.backend, "of --work screen and forward: torch (the default), openvino or native")
      ->check(CLI::IsMember({"torch", "openvino", "native"}));
  command.add_option("--fidelity", options.fidelity, "of --work train: exact (the default) or fast")
      ->check(CLI::IsMember({"exact", "fast"}));
  command.add_option("--perceptual", options.perceptual, "of --work screen: encoder (the default) or squeezenet")
      ->check(CLI::IsMember({"encoder", "squeezenet"}));
  command.add_option("--perceptual-weights", options.perceptual_weights,
                     "of --work screen: folder of the SqueezeNet LPIPS weights");
  command
      .add_option(
          "--streams", options.streams,
          "of --work screen: slices that openvino computes at the same time; 0 (the default): as many as threads, "
          "1 with --batch 1: how soon a single slice comes")
      ->check(CLI::Range(0, 4096));
  add_threads_option(command, options.common);
  add_log_options(command, options.common);
}

}  // namespace

void add_benchmark_command(CLI::App& app) {
  auto options = std::make_shared<BenchmarkOptions>();
  CLI::App& command = add_verb(app, "benchmark", "Time one kind of work with the full-size network; prints a JSON line",
                               "ra benchmark --work screen --batch 8 --threads 2");
  add_options(command, *options);
  on_run(command, [options] { return run_benchmark(*options); });
}

}  // namespace ra

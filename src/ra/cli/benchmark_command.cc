#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/training/introspective_step.h"

namespace ra {
namespace {

struct BenchmarkOptions {
  CommonOptions common;
  std::string work = "screen";
  std::optional<std::string> perceptual;  // encoder where it is not said
  std::string perceptual_weights;
  int batch = 8;
  int repeats = 5;
};

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

std::function<void()> training_work(const at::Tensor& images) {
  auto model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  auto step = std::make_shared<IntrospectiveStep>(*model, LossOptions{}, BatchNormMode::kFrozen, 5e-5);
  const std::int64_t count = images.size(0);
  const StepNoise noise{normal(count, 128, Purpose::kPriorNoise),      normal(count, 128, Purpose::kRealNoise),
                        normal(count, 128, Purpose::kRecEncoderNoise), normal(count, 128, Purpose::kFakeEncoderNoise),
                        normal(count, 128, Purpose::kRecDecoderNoise), normal(count, 128, Purpose::kFakeDecoderNoise)};
  return [model, step, images, noise] { step->step(images, noise); };
}

std::function<void()> forward_work(const at::Tensor& images) {
  auto model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  return [model, images] {
    const at::NoGradGuard no_grad;
    model->forward(images);
  };
}

std::function<void()> screening_work(const at::Tensor& images, const BenchmarkOptions& options) {
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(full_size(), 0);
  DetectionOptions detection;
  detection.latent = "mean";
  detection.perceptual = options.perceptual.value_or("encoder");
  detection.perceptual_weights = options.perceptual_weights;
  auto detector = std::make_shared<AnomalyDetector>(std::move(file), "random weights", detection, at::kCPU, 0);
  return [detector, images] { detector->detect(images); };
}

std::function<void()> choose_work(const BenchmarkOptions& options) {
  if (options.work != "screen" && (options.perceptual || !options.perceptual_weights.empty())) {
    throw Error(ErrorCode::kUsage, "--perceptual and --perceptual-weights have no effect with --work " + options.work);
  }
  const at::Tensor images = random_images(options.batch);
  if (options.work == "train") return training_work(images);
  if (options.work == "forward") return forward_work(images);
  return screening_work(images, options);
}

long peak_memory_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

int run_benchmark(const BenchmarkOptions& options) {
  apply_common_options(options.common);
  const auto work = choose_work(options);
  constexpr int kWarmUps = 2;
  std::vector<double> seconds;
  for (int k = 0; k < kWarmUps + options.repeats; ++k) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (k >= kWarmUps) seconds.push_back(passed.count() / options.batch);
  }
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const nlohmann::ordered_json line = {{"work", options.work},
                                       {"variant", "ra torch fp32"},
                                       {"batch", options.batch},
                                       {"threads", at::get_num_threads()},
                                       {"seconds_per_slice", median},
                                       {"runs", seconds},
                                       {"peak_memory_mib", peak_memory_mib()}};
  fmt::print("{}\n", line.dump());
  return kExitSuccess;
}

}  // namespace

void add_benchmark_command(CLI::App& app) {
  auto options = std::make_shared<BenchmarkOptions>();
  CLI::App& command = add_verb(app, "benchmark", "Time one kind of work with the full-size network; prints a JSON line",
                               "ra benchmark --work screen --batch 8 --threads 2");
  command
      .add_option("--work", options->work,
                  "train (one exact step), forward (reconstruction) or screen (slice to score)")
      ->check(CLI::IsMember({"train", "forward", "screen"}))
      ->capture_default_str();
  command.add_option("--batch", options->batch, "slices at once")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_option("--repeats", options->repeats, "timed runs; the median is reported")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command.add_option("--perceptual", options->perceptual, "of --work screen: encoder (the default) or squeezenet")
      ->check(CLI::IsMember({"encoder", "squeezenet"}));
  command.add_option("--perceptual-weights", options->perceptual_weights, "folder of the SqueezeNet LPIPS weights");
  add_precision_option(command, options->common);
  add_threads_option(command, options->common);
  add_log_options(command, options->common);
  on_run(command, [options] { return run_benchmark(*options); });
}

}  // namespace ra

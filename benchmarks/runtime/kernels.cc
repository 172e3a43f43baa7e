// Micro-benchmarks on one thread: what a slice goes through beside the network, 128 x 128 pixels unless a comment says
// otherwise, and the convolutions of a training step. scripts/bench --kernels [--benchmark_filter=Clahe] builds and
// runs them.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>

#include "ra/data/synthetic_brain.h"
#include "ra/io/read_image.h"
#include "ra/io/write_image.h"
#include "ra/model/convolution.h"
#include "ra/model/onednn.h"
#include "ra/model/perceptual.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/temporary_folder.h"
#include "ra/training/losses.h"
#include "ra/transforms/augmentation.h"
#include "ra/transforms/clahe.h"
#include "ra/transforms/gaussian.h"
#include "ra/transforms/input.h"
#include "ra/transforms/pad.h"

namespace {

// Healthy brains as the evaluation transform leaves them: [count,1,128,128] in [0,1].
at::Tensor prepared_brains(int count) {
  std::vector<at::Tensor> slices;
  for (int k = 0; k < count; ++k) {
    const ra::SyntheticBrain brain = ra::make_brain({}, 1, static_cast<std::uint32_t>(k));
    ra::Image image;
    image.columns = brain.columns;
    image.rows = brain.rows;
    image.pixels.assign(brain.image.begin(), brain.image.end());
    slices.push_back(ra::prepare_slice(image, {}).pixels);
  }
  return at::stack(slices);
}

enum class Kind { kForward, kInputGradient, kWeightGradient };

at::Tensor channels_last(at::IntArrayRef shape) { return at::rand(shape).contiguous(at::MemoryFormat::ChannelsLast); }

// FLOP of a 3x3 convolution as the direct sum, two a multiply-add, a second.
benchmark::Counter rate(const at::Tensor& y, std::int64_t channels) {
  return {18.0 * static_cast<double>(y.numel() * channels), benchmark::Counter::kIsIterationInvariantRate};
}

// 8 images: channels in, channels out, side.
void Convolution3x3(benchmark::State& state, Kind kind, ra::ConvolutionMethod method) {
  const at::Tensor x = channels_last({8, state.range(0), state.range(2), state.range(2)});
  const at::Tensor y = channels_last({8, state.range(1), state.range(2), state.range(2)});
  const at::Tensor weight = channels_last({state.range(1), state.range(0), 3, 3});
  for (auto _ : state) {
    benchmark::DoNotOptimize(kind == Kind::kForward         ? ra::convolve(x, weight, {}, {}, 1.0, method)
                             : kind == Kind::kInputGradient ? ra::convolution_input_gradient(y, x, weight, method)
                                                            : ra::convolution_weight_gradient(y, x, weight, method));
  }
  state.counters["FLOP/s"] = rate(y, x.size(1));
}

// 1 image, weights laid out once.
void PackedConvolution3x3(benchmark::State& state, bool winograd) {
  const at::Tensor x = channels_last({1, state.range(0), state.range(2), state.range(2)});
  const at::Tensor weight = channels_last({state.range(1), state.range(0), 3, 3});
  const at::Tensor direct = ra::onednn_pack(weight, x.sizes());
  const ra::PackedConvolution packed(weight, {}, x.sizes());
  at::Tensor y;
  for (auto _ : state) {
    y = winograd ? packed.forward(x, {}, 0.2) : ra::onednn_convolution(x, direct, 3, {}, 0.2);
    benchmark::DoNotOptimize(y);
  }
  state.counters["FLOP/s"] = rate(y, x.size(1));
}

// The same behind a doubling of pixels, by phases; `side` is that of the source.
void DoubledConvolution3x3(benchmark::State& state, Kind kind) {
  const at::Tensor x = channels_last({8, state.range(0), state.range(2), state.range(2)});
  const at::Tensor y = channels_last({8, state.range(1), 2 * state.range(2), 2 * state.range(2)});
  const at::Tensor phases = ra::phase_weight(channels_last({state.range(1), state.range(0), 3, 3}));
  for (auto _ : state) {
    benchmark::DoNotOptimize(kind == Kind::kForward         ? ra::convolve_doubled(x, phases, {}, 0.2)
                             : kind == Kind::kInputGradient ? ra::convolve_doubled_input_gradient(y, phases)
                                                            : ra::convolve_doubled_weight_gradient(y, x, phases));
  }
  state.counters["FLOP/s"] = rate(y, x.size(1));
}

void layers(benchmark::internal::Benchmark* one) {
  one->Args({64, 64, 128})->Args({128, 128, 64})->Args({256, 256, 32})->Args({512, 512, 16})->Args({512, 512, 8});
  one->Unit(benchmark::kMillisecond);
}
void doubled_layers(benchmark::internal::Benchmark* one) {
  one->Args({64, 64, 64})->Args({128, 64, 32})->Args({256, 128, 16})->Args({512, 256, 8});
  one->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(Convolution3x3, forward_direct, Kind::kForward, ra::ConvolutionMethod::kDirect)->Apply(layers);
BENCHMARK_CAPTURE(Convolution3x3, forward_winograd, Kind::kForward, ra::ConvolutionMethod::kWinograd)->Apply(layers);
BENCHMARK_CAPTURE(Convolution3x3, input_direct, Kind::kInputGradient, ra::ConvolutionMethod::kDirect)->Apply(layers);
BENCHMARK_CAPTURE(Convolution3x3, input_winograd, Kind::kInputGradient, ra::ConvolutionMethod::kWinograd)
    ->Apply(layers);
BENCHMARK_CAPTURE(Convolution3x3, weight_direct, Kind::kWeightGradient, ra::ConvolutionMethod::kDirect)->Apply(layers);
BENCHMARK_CAPTURE(Convolution3x3, weight_winograd, Kind::kWeightGradient, ra::ConvolutionMethod::kWinograd)
    ->Apply(layers);
BENCHMARK_CAPTURE(PackedConvolution3x3, direct, false)->Apply(layers);
BENCHMARK_CAPTURE(PackedConvolution3x3, as_it_chooses, true)->Apply(layers);
BENCHMARK_CAPTURE(DoubledConvolution3x3, forward, Kind::kForward)->Apply(doubled_layers);
BENCHMARK_CAPTURE(DoubledConvolution3x3, input, Kind::kInputGradient)->Apply(doubled_layers);
BENCHMARK_CAPTURE(DoubledConvolution3x3, weight, Kind::kWeightGradient)->Apply(doubled_layers);

void Clahe(benchmark::State& state) {
  const at::Tensor image = prepared_brains(1)[0][0];
  for (auto _ : state) benchmark::DoNotOptimize(ra::clahe(image));
}
BENCHMARK(Clahe)->Unit(benchmark::kMillisecond);

void Gaussian(benchmark::State& state) {
  const at::Tensor image = prepared_brains(1)[0][0];
  for (auto _ : state) benchmark::DoNotOptimize(ra::gaussian_filter(image, 2.0));
}
BENCHMARK(Gaussian)->Unit(benchmark::kMicrosecond);

// The published weights, of the shared folder (RA_SHARED): a slice and its reconstruction.
void SqueezenetLpips(benchmark::State& state) {
  const auto shared = ra::testing::shared_folder();
  if (!shared || !std::filesystem::exists(*shared / "weights/lpips_squeeze")) {
    state.SkipWithError("no weights/lpips_squeeze in the shared folder (RA_SHARED)");
    return;
  }
  const at::NoGradGuard no_grad;
  const auto lpips = ra::load_squeezenet_lpips(*shared / "weights/lpips_squeeze", at::kCPU);
  const at::Tensor pair = prepared_brains(2);
  for (auto _ : state) benchmark::DoNotOptimize(lpips->distance(pair.narrow(0, 0, 1), pair.narrow(0, 1, 1)));
}
BENCHMARK(SqueezenetLpips)->Unit(benchmark::kMillisecond);

// A mid-axial slice of 1 mm, 233 x 233 padded, to 128 x 128.
void Resize(benchmark::State& state) {
  const at::Tensor image = at::rand({1, 233, 233});
  for (auto _ : state) benchmark::DoNotOptimize(ra::resize_bilinear(image, 128));
}
BENCHMARK(Resize)->Unit(benchmark::kMicrosecond);

void AffineAugmentation(benchmark::State& state) {
  const at::Tensor codes = ra::quantise(prepared_brains(1)[0]);
  const ra::AugmentationDraw draw{.degrees = 7, .shift_columns = 5, .shift_rows = -3, .scale = 1.05, .flip = true};
  for (auto _ : state) benchmark::DoNotOptimize(ra::apply_affine(codes, draw));
}
BENCHMARK(AffineAugmentation)->Unit(benchmark::kMicrosecond);

// A synthetic brain of 197 x 233 as a PNG, read whole.
void DecodePng(benchmark::State& state) {
  const ra::testing::TemporaryFolder folder;
  const ra::SyntheticBrain brain = ra::make_brain({}, 1, 0);
  const std::filesystem::path path = folder.path() / "brain.png";
  ra::write_png(path, std::span<const std::uint8_t>(brain.image), brain.columns, brain.rows);
  for (auto _ : state) benchmark::DoNotOptimize(ra::read_image(path));
}
BENCHMARK(DecodePng)->Unit(benchmark::kMicrosecond);

// A volume of 90 x 120 x 120, float32 (.nii) or the same compressed (.nii.gz).
void DecodeNifti(benchmark::State& state) {
  const ra::testing::TemporaryFolder folder;
  const ra::SyntheticBrain brain = ra::make_brain({.columns = 90, .rows = 120, .lesion = {}}, 1, 0);
  ra::Image volume;
  volume.columns = 90;
  volume.rows = 120;
  volume.slices = 120;
  volume.format = ra::ImageFormat::kNifti;
  for (int k = 0; k < 120; ++k) volume.pixels.insert(volume.pixels.end(), brain.image.begin(), brain.image.end());
  const std::filesystem::path path = folder.path() / (state.range(0) == 0 ? "volume.nii" : "volume.nii.gz");
  ra::write_nifti(path, volume);
  for (auto _ : state) benchmark::DoNotOptimize(ra::read_image(path));
}
BENCHMARK(DecodeNifti)->ArgName("compressed")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// Embeddings of a batch of 8 at full width, and the gradient of the loss.
void EmbeddingLoss(benchmark::State& state) {
  std::vector<at::Tensor> first, second;
  for (const auto& [channels, size] : {std::pair{64, 64}, {128, 32}, {256, 16}, {512, 8}, {512, 4}}) {
    first.push_back(at::rand({8, channels, size, size}).requires_grad_(true));
    second.push_back(at::rand({8, channels, size, size}));
  }
  for (auto _ : state) {
    for (at::Tensor& level : first) level.mutable_grad() = at::Tensor();
    ra::embedding_loss(first, second).backward();
  }
}
BENCHMARK(EmbeddingLoss)->Unit(benchmark::kMillisecond);

// Squared error, KL divergence and the exponential term of a batch of 8, with their gradients.
void ExponentialTerm(benchmark::State& state) {
  const at::Tensor target = at::rand({8, 1, 128, 128});
  const at::Tensor image = at::rand({8, 1, 128, 128}).requires_grad_(true);
  const at::Tensor mean = at::rand({8, 128}).requires_grad_(true), variance = at::rand({8, 128}).requires_grad_(true);
  for (auto _ : state) {
    for (at::Tensor leaf : {image, mean, variance}) leaf.mutable_grad() = at::Tensor();
    const at::Tensor error = ra::squared_error(target, image), kl = ra::kl_divergence(mean, variance);
    ra::exp_elbo(error, kl, 1.0 / (128 * 128), 0.5, 128).backward();
  }
}
BENCHMARK(ExponentialTerm)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

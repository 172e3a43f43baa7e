// Micro-benchmarks of what a slice goes through beside the network, on one thread: 128 x 128 pixels unless a comment
// says otherwise. scripts/bench --kernels [--benchmark_filter=Clahe] builds and runs them.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>

#include "ra/data/synthetic_brain.h"
#include "ra/io/read_image.h"
#include "ra/io/write_image.h"
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

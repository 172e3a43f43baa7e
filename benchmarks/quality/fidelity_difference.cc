// How far fast steps stray from exact ones: two trainings of one network on one sequence of batches, step by step.
//   fidelity_difference FOLDER [STEPS] [SIZE]
// FOLDER holds pictures; STEPS is 50, SIZE (of the images) 64. Prints a row a loss term: the relative difference at the
// first step, the largest over all steps, and the mean.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ra/data/slice_dataset.h"
#include "ra/training/introspective_step.h"
#include "ra/training/step_noise.h"

namespace {

constexpr int kBatch = 8;
constexpr std::size_t kSlices = 400;
constexpr std::uint64_t kSeed = 2109;

ra::SliceDataset read_slices(const std::filesystem::path& folder, int size) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  files.resize(std::min(files.size(), kSlices));
  ra::InputOptions input;
  input.image_size = size;
  return ra::load_slices(files, input, 2);
}

struct Training {
  ra::ReversedAutoencoder model;
  std::unique_ptr<ra::IntrospectiveStep> step;

  Training(int size, ra::StepMode mode) : model(shape(size), kSeed) {
    model.to(at::kFloat, at::kCPU);
    step = std::make_unique<ra::IntrospectiveStep>(model, ra::LossOptions{}, ra::BatchNormMode::kFrozen, 5e-5, mode);
  }

  std::map<std::string, double> take(const ra::SliceDataset& slices, int number) {
    std::vector<std::uint32_t> samples;
    std::vector<at::Tensor> images;
    for (int k = 0; k < kBatch; ++k) {
      samples.push_back(static_cast<std::uint32_t>((number * kBatch + k) % slices.size()));
      images.push_back(slices.images[samples.back()]);
    }
    const ra::StepTerms terms =
        step->step(at::stack(images), ra::draw_step_noise(kSeed, static_cast<std::uint32_t>(number), samples,
                                                          model.options().latent_size, slices.images));
    std::map<std::string, double> values = {{"norm of the encoder's gradient", terms.e_gradient_norm},
                                            {"norm of the decoder's gradient", terms.d_gradient_norm}};
    for (const ra::NamedTensor& term : terms.scalars()) values[term.name] = term.tensor.item<double>();
    return values;
  }

  static ra::ModelOptions shape(int size) {
    ra::ModelOptions options;
    options.image_size = size;
    options.channels = {32, 64, 128, 128};
    return options;
  }
};

struct Row {
  double first = 0.0, largest = 0.0, sum = 0.0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: fidelity_difference FOLDER [STEPS] [SIZE]\n");
    return 2;
  }
  const int steps = argc > 2 ? std::atoi(argv[2]) : 50, size = argc > 3 ? std::atoi(argv[3]) : 64;
  const ra::SliceDataset slices = read_slices(argv[1], size);
  Training exact(size, {}), fast(size, {ra::Fidelity::kFast, ra::Precision::kFp32});
  std::map<std::string, Row> rows;
  std::vector<std::string> absent;
  for (int k = 0; k < steps; ++k) {
    const auto want = exact.take(slices, k), got = fast.take(slices, k);
    absent.clear();
    for (const auto& [name, value] : want) {
      const auto found = got.find(name);
      if (found == got.end()) {
        absent.push_back(name);
        continue;
      }
      const double difference = std::abs(found->second - value) / std::abs(value);
      Row& row = rows[name];
      if (k == 0) row.first = difference;
      row.largest = std::max(row.largest, difference);
      row.sum += difference;
    }
  }
  fmt::print("fast against exact, fp32, {} steps of {} slices of {} x {}\n", steps, kBatch, size, size);
  fmt::print("| term | step 1 | largest | mean |\n|---|---|---|---|\n");
  for (const auto& [name, row] : rows) {
    fmt::print("| {} | {:.1e} | {:.1e} | {:.1e} |\n", name, row.first, row.largest, row.sum / steps);
  }
  for (const std::string& name : absent) fmt::print("| {} | absent | absent | absent |\n", name);
  return 0;
}

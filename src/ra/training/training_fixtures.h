#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "ra/base/random.h"
#include "ra/data/slice_dataset.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/training/introspective_step.h"
#include "ra/training/trainer.h"

// Small networks and pictures for the tests of this folder.
namespace ra::testing {

inline ModelOptions tiny_options() {
  ModelOptions options;
  options.image_size = 32;
  options.channels = {8, 16, 16};
  options.latent_size = 16;
  return options;
}

inline std::shared_ptr<ReversedAutoencoder> tiny_model(std::uint64_t seed = 1) {
  return std::make_shared<ReversedAutoencoder>(tiny_options(), seed);
}

// Three epochs, the first a warm-up, of that network into a folder.
inline TrainerInputs tiny_inputs(const std::filesystem::path& folder) {
  TrainerInputs inputs;
  inputs.model = tiny_model();
  inputs.input.image_size = 32;
  inputs.training.epochs = 2;
  inputs.training.warmup.epochs = 1;
  inputs.training.warmup.learning_rate = 2e-3;
  inputs.training.learning_rate = 5e-4;
  inputs.training.examples_every = 0;
  inputs.seed = 17;
  inputs.folder = folder;
  return inputs;
}

// Soft ramps of random direction and offset, [N,1,32,32].
inline SliceDataset ramps(int count, std::uint64_t seed = 3) {
  SliceDataset dataset;
  dataset.images = at::empty({count, 1, 32, 32});
  float* pixel = dataset.images.data_ptr<float>();
  for (int k = 0; k < count; ++k) {
    CounterRandom random(seed, 0, static_cast<std::uint32_t>(k), Purpose::kBrainAnatomy);
    const double angle = random.uniform(0.0, 6.28), offset = random.uniform(-0.3, 0.3);
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const double along = std::cos(angle) * (x - 16) + std::sin(angle) * (y - 16);
        *pixel++ = static_cast<float>(1.0 / (1.0 + std::exp(-along / 4.0 - offset)));
      }
    }
    dataset.names.push_back("ramp" + std::to_string(k));
  }
  return dataset;
}

inline at::Tensor normal(std::uint32_t index, std::int64_t rows, std::int64_t columns) {
  at::Tensor noise = at::empty({rows, columns});
  fill_normal({noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())},
              CounterRandom(5, 0, index, Purpose::kPriorNoise));
  return noise;
}

inline StepNoise step_noise(std::uint32_t step, std::int64_t batch, std::int64_t latent = 16) {
  const auto draw = [&](std::uint32_t k) { return normal(10 * step + k, batch, latent); };
  return {draw(0), draw(1), draw(2), draw(3), draw(4), draw(5)};
}

// Every tensor of the model, copied.
inline std::vector<at::Tensor> copied_state(const ReversedAutoencoder& model) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& entry : model.state()) tensors.push_back(entry.tensor.detach().clone());
  return tensors;
}

inline bool equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!a[k].equal(b[k])) return false;
  }
  return a.size() == b.size();
}

}  // namespace ra::testing

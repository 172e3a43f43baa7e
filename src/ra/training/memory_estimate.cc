#include "ra/training/memory_estimate.h"

#include <fmt/format.h>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr std::uint64_t kFloat = 4;
constexpr std::uint64_t kBfloat16 = 2;
constexpr std::uint64_t kProgram = std::uint64_t{180} << 20;

// How many tensors of the size of the encoder's levels a step keeps at its peak: while the encoder is updated, and in a
// warm-up step, which passes through each half once. Measured (docs/training.md).
struct Kept {
  std::uint64_t introspective;
  std::uint64_t warmup;
};
constexpr Kept kKeptExact = {34, 15};
constexpr Kept kKeptFast = {28, 12};

std::uint64_t kept(const TrainingOptions& training) {
  const Kept& kept = training.fidelity == Fidelity::kFast ? kKeptFast : kKeptExact;
  return training.epochs > 0 ? kept.introspective : kept.warmup;
}

std::uint64_t squared(std::uint64_t side) { return side * side; }

// Weights of a residual block.
std::uint64_t parameters(std::uint64_t in, std::uint64_t out, bool skip) {
  return 9 * in * out + 9 * out * out + (skip ? in * out : 0);
}

// Weights of both halves: the convolutions and the two fully connected layers. The decoder's blocks are the encoder's
// the other way round, and one more.
std::uint64_t parameters(const ModelOptions& model) {
  const auto outer = static_cast<std::uint64_t>(model.channels.front());
  const auto inner = static_cast<std::uint64_t>(model.channels.back());
  std::uint64_t count = 2 * 25 * outer * static_cast<std::uint64_t>(model.image_channels);
  count += 2 * parameters(inner, inner, false) + parameters(outer, outer, false);
  for (std::size_t k = 1; k < model.channels.size(); ++k) {
    const auto before = static_cast<std::uint64_t>(model.channels[k - 1]);
    const auto after = static_cast<std::uint64_t>(model.channels[k]);
    const bool skip = model.expands(model.channels[k - 1], model.channels[k]);
    count += parameters(before, after, skip) + parameters(after, before, skip);
  }
  const std::uint64_t features = inner * squared(static_cast<std::uint64_t>(model.feature_size()));
  return count + 3 * features * static_cast<std::uint64_t>(model.latent_size);
}

// Values of one tensor at every level of the encoder, for one slice.
std::uint64_t values_of_levels(const ModelOptions& model) {
  auto side = static_cast<std::uint64_t>(model.image_size);
  std::uint64_t values = 0;
  for (const int width : model.channels) {
    values += static_cast<std::uint64_t>(width) * squared(side);
    side /= 2;
  }
  return values;
}

double gibibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

}  // namespace

MemoryEstimate estimate_memory(const ModelOptions& model, const TrainingOptions& training, std::int64_t slices) {
  const std::uint64_t weights = kFloat * parameters(model);
  const std::uint64_t averages = training.average_decay > 0 ? 1 : 0;
  MemoryEstimate estimate;
  estimate.program = kProgram;
  estimate.slices = kFloat * static_cast<std::uint64_t>(slices) * model.image_channels *
                    squared(static_cast<std::uint64_t>(model.image_size));
  estimate.network = weights * (4 + averages);
  const std::uint64_t value = training.precision == Precision::kBf16 ? kBfloat16 : kFloat;
  estimate.activations =
      value * values_of_levels(model) * static_cast<std::uint64_t>(training.batch_size) * kept(training);
  // The copy, the file that is read back to check it, and what it is read into.
  estimate.saving = 3 * weights * (3 + averages);
  return estimate;
}

void require_memory(const MemoryEstimate& estimate, std::uint64_t available) {
  if (estimate.total() <= available) return;
  throw Error(
      ErrorCode::kUnsupported,
      fmt::format("the training would take about {:.1f} GiB of memory ({:.1f} for a step's activations, {:.1f} for "
                  "the slices, {:.1f} for the network and its states), and {:.1f} GiB are available; use a smaller "
                  "training.batch_size, model.image_size or model.channels, or more memory",
                  gibibytes(estimate.total()), gibibytes(estimate.activations), gibibytes(estimate.slices),
                  gibibytes(estimate.network + estimate.saving + estimate.program), gibibytes(available)));
}

}  // namespace ra

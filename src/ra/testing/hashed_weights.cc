#include "ra/testing/hashed_weights.h"

#include <ATen/ATen.h>

#include <cmath>
#include <span>

#include "ra/base/hash.h"

namespace ra::testing {
namespace {

double hash_to_unit(std::uint32_t name_hash, std::uint32_t index) {
  std::uint64_t x = (std::uint64_t{name_hash} << 32 | index) + 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) * 0x1p-53;
}

std::uint32_t hash_of(const std::string& name) { return crc32(std::as_bytes(std::span(name))); }

// value = offset + scale * (2u - 1), or offset + scale * u where not centred.
struct Distribution {
  double offset, scale;
  bool centred = true;
};

Distribution distribution_of(const std::string& name, at::IntArrayRef shape) {
  if (name.ends_with("running_var")) return {1.0, 0.2, false};
  if (name.ends_with("running_mean") || name.ends_with("bias")) return {0.0, 0.1};
  if (shape.size() == 1) return {1.0, 0.1};
  return {0.0, std::sqrt(3.0 / static_cast<double>(c10::multiply_integers(shape.slice(1))))};
}

}  // namespace

double hash_uniform(const std::string& name, std::uint32_t index) { return hash_to_unit(hash_of(name), index); }

at::Tensor hashed_tensor(const std::string& name, at::IntArrayRef shape) {
  if (name.ends_with("num_batches_tracked")) return at::zeros(shape, at::kLong);
  const Distribution distribution = distribution_of(name, shape);
  const std::uint32_t name_hash = hash_of(name);
  at::Tensor tensor = at::empty(shape);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t k = 0; k < tensor.numel(); ++k) {
    const double u = hash_to_unit(name_hash, static_cast<std::uint32_t>(k));
    const double spread = distribution.centred ? 2.0 * u - 1.0 : u;
    values[k] = static_cast<float>(distribution.offset + distribution.scale * spread);
  }
  return tensor;
}

void load_hashed_weights(ReversedAutoencoder& model) {
  StateDict state;
  for (const NamedTensor& entry : model.state()) {
    state.push_back({entry.name, hashed_tensor(entry.name, entry.tensor.sizes()), entry.trained});
  }
  model.load(state);
}

}  // namespace ra::testing

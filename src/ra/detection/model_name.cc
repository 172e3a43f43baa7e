#include "ra/detection/model_name.h"

#include <fmt/format.h>

#include <span>

#include "ra/base/hash.h"
#include "ra/model/safetensors.h"

namespace ra {
namespace {

std::string hash_of(const StateDict& weights) {
  const std::string bytes = safetensors_bytes(weights);
  return sha256_hex(std::as_bytes(std::span(bytes)));
}

}  // namespace

std::string name_of_network(const ScreeningModel& model) {
  return "network " + (model.sha256.empty() ? hash_of(model.network->state()) : model.sha256);
}

std::string name_of_distance(const ScreeningModel& model) {
  if (!model.squeezenet) return "embeddings of " + name_of_network(model);
  return fmt::format("LPIPS {} {}", hash_of(model.squeezenet->backbone), hash_of(model.squeezenet->heads));
}

std::string name_of_screening(const ScreeningModel& model) {
  const std::string noise = model.rule.uses_noise() ? hash_of({{"noise", model.noise}}) : "none";
  return fmt::format("{}, {}, latent {} by noise {}", name_of_network(model), name_of_distance(model),
                     model.rule.text(), noise);
}

}  // namespace ra

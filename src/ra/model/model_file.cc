#include "ra/model/model_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr const char* kSection = "ra";

const std::string* find_text(const CheckpointValue& dict, const std::string& key) {
  const CheckpointValue* value = dict.find(key);
  return value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
}

void check_finite(const StateDict& state) {
  for (const NamedTensor& entry : state) {
    if (entry.tensor.is_floating_point() && !entry.tensor.isfinite().all().item<bool>()) {
      throw Error(ErrorCode::kBadInput, entry.name + " holds values that are not finite: the training diverged");
    }
  }
}

void read_section(const CheckpointValue& section, ModelFile& file) {
  if (const std::string* scaling = find_text(section, "input_scaling")) {
    file.input.scaling = input_scaling_from_string(*scaling);
  }
  const std::string* rule = find_text(section, "latent_rule");
  if (rule == nullptr) return;
  file.latent_rule = LatentRule::parse(*rule);
  const CheckpointValue* noise = section.find("latent_noise");
  if (noise == nullptr || !std::holds_alternative<at::Tensor>(noise->value)) return;
  file.latent_noise = std::get<at::Tensor>(noise->value).to(at::kFloat);
  const std::vector<std::int64_t> expected{file.latent_rule->draws(), file.model->options().latent_size};
  if (file.latent_noise.sizes() != expected) {
    throw Error(ErrorCode::kBadInput, fmt::format("the stored latent noise does not fit the rule {}", *rule));
  }
}

CheckpointValue text(const std::string& value) { return {value}; }

}  // namespace

ModelFile read_model_file(const std::filesystem::path& path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  return in_context("'" + path.string() + "'", [&] {
    const StateDict weights = checkpoint.weights();
    check_finite(weights);
    ModelFile file;
    file.model = std::make_shared<ReversedAutoencoder>(options_from_state(weights), 0);
    file.model->load(weights);
    file.input.image_size = file.model->options().image_size;
    file.input.image_channels = file.model->options().image_channels;
    if (const CheckpointValue* section = checkpoint.root.find(kSection)) read_section(*section, file);
    return file;
  });
}

CheckpointValue to_checkpoint_value(const ModelFile& file) {
  CheckpointValue::Dict dict;
  dict.emplace_back(text("input_scaling"), text(std::string(to_string(file.input.scaling))));
  if (file.latent_rule) {
    dict.emplace_back(text("latent_rule"), text(file.latent_rule->text()));
    if (file.latent_noise.defined()) dict.emplace_back(text("latent_noise"), CheckpointValue{file.latent_noise});
  }
  return {std::move(dict)};
}

}  // namespace ra

#include "ra/model/model_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <future>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/model/section_text.h"

namespace ra {
namespace {

const std::string* find_text(const CheckpointValue& dict, const std::string& key) {
  const CheckpointValue* value = dict.find(key);
  return value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
}

void check_finite(const StateDict& state) {
  for (const NamedTensor& entry : state) {
    if (!entry.tensor.is_floating_point() || entry.tensor.numel() == 0) continue;
    const auto [smallest, largest] = entry.tensor.aminmax();  // a value that is no number is both
    if (!std::isfinite(smallest.item<double>()) || !std::isfinite(largest.item<double>())) {
      throw Error(ErrorCode::kBadInput, entry.name + " holds values that are not finite: the training diverged");
    }
  }
}

// A list of texts; kBadInput for anything else.
std::vector<std::string> text_list(const CheckpointValue& section, const std::string& key) {
  std::vector<std::string> texts;
  const CheckpointValue* value = section.find(key);
  const auto* list = value == nullptr ? nullptr : std::get_if<CheckpointValue::List>(&value->value);
  if (list == nullptr) throw Error(ErrorCode::kBadInput, fmt::format("its section ra has no list called {}", key));
  for (const CheckpointValue& item : *list) {
    const auto* one = std::get_if<std::string>(&item.value);
    if (one == nullptr) throw Error(ErrorCode::kBadInput, fmt::format("{} of its section ra holds no text", key));
    texts.push_back(*one);
  }
  return texts;
}

void read_subjects(const CheckpointValue& section, ModelFile& file) {
  if (section.find("training_subjects") == nullptr) return;
  const CheckpointValue* allowed = section.find("overlap_allowed");
  const bool* flag = allowed == nullptr ? nullptr : std::get_if<bool>(&allowed->value);
  file.subjects = {text_list(section, "training_subjects"), text_list(section, "validation_subjects"),
                   flag != nullptr && *flag};
}

void read_section(const CheckpointValue& section, ModelFile& file) {
  if (const std::string* scaling = find_text(section, "input_scaling")) {
    file.input.scaling = input_scaling_from_string(*scaling);
  }
  read_subjects(section, file);
  const std::string* rule = find_text(section, "latent_rule");
  if (rule == nullptr) return;
  file.latent_rule = LatentRule::parse(*rule);
  const CheckpointValue* noise = section.find("latent_noise");
  if (noise == nullptr || !std::holds_alternative<at::Tensor>(noise->value)) return;
  file.latent_noise = std::get<at::Tensor>(noise->value).to(at::kFloat).clone();  // else it would keep the file
  const std::vector<std::int64_t> expected{file.latent_rule->draws(), file.model->options().latent_size};
  if (file.latent_noise.sizes() != expected) {
    throw Error(ErrorCode::kBadInput, fmt::format("the stored latent noise does not fit the rule {}", *rule));
  }
}

CheckpointValue text(const std::string& value) { return {value}; }

CheckpointValue texts(const std::vector<std::string>& values) {
  CheckpointValue::List list;
  for (const std::string& value : values) list.push_back(text(value));
  return {std::move(list)};
}

}  // namespace

ModelFile model_file_of(const StateDict& weights) {
  check_finite(weights);
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(options_from_state(weights));
  file.model->adopt(weights);
  file.input.image_size = file.model->options().image_size;
  file.input.image_channels = file.model->options().image_channels;
  return file;
}

ModelFile read_model_file(const std::filesystem::path& path) {
  const SharedBytes content = read_shared_file(path);
  auto hash = std::async(std::launch::async, [&] { return sha256_hex(content.bytes); });
  const Checkpoint checkpoint = parse_checkpoint(content, path);
  return in_context("'" + path.string() + "'", [&] {
    ModelFile file = model_file_of(checkpoint.weights());
    if (const auto section = find_section(checkpoint)) read_section(*section, file);
    file.sha256 = hash.get();
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
  if (file.subjects) {
    dict.emplace_back(text("training_subjects"), texts(file.subjects->training));
    dict.emplace_back(text("validation_subjects"), texts(file.subjects->validation));
    dict.emplace_back(text("overlap_allowed"), CheckpointValue{file.subjects->overlap_allowed});
  }
  return {std::move(dict)};
}

}  // namespace ra

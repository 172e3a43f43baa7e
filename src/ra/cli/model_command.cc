#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/detection/bundle.h"
#include "ra/model/checkpoint.h"
#include "ra/model/model_file.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/model/section_text.h"
#include "ra/model/tensor_type.h"
#include "ra/model/untrusted_bytes.h"

namespace ra {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestList = 8;

struct ModelCommandOptions {
  CommonOptions common;
  std::string input, output;
};

// A checkpoint's content as lines: plain values and tensors by their paths.
struct Contents {
  std::vector<std::pair<std::string, std::string>> values;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
};

std::string plain_text(const CheckpointValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return printable(*text, kLongestName);
  if (const auto* real = std::get_if<double>(&value.value)) return fmt::format("{}", *real);
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return std::to_string(*integer);
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const auto* list = std::get_if<CheckpointValue::List>(&value.value)) {
    if (list->size() > kLongestList) return fmt::format("a list of {}", list->size());
    std::vector<std::string> items;
    for (const CheckpointValue& item : *list) items.push_back(plain_text(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  if (const auto* dict = std::get_if<CheckpointValue::Dict>(&value.value))
    return fmt::format("{} entries", dict->size());
  return "none";
}

bool is_container(const CheckpointValue& value) {
  return std::holds_alternative<at::Tensor>(value.value) || std::holds_alternative<CheckpointValue::Dict>(value.value);
}

void collect(const CheckpointValue& value, const std::string& path, Contents& contents) {
  const auto below = [&](const std::string& key) { return path.empty() ? key : path + "/" + key; };
  const auto* list = std::get_if<CheckpointValue::List>(&value.value);
  if (const auto* tensor = std::get_if<at::Tensor>(&value.value)) {
    contents.tensors.emplace_back(path, *tensor);
  } else if (const auto* dict = std::get_if<CheckpointValue::Dict>(&value.value); dict != nullptr && !dict->empty()) {
    for (const auto& [key, item] : *dict) collect(item, below(plain_text(key)), contents);
  } else if (list != nullptr && std::any_of(list->begin(), list->end(), is_container)) {
    for (std::size_t k = 0; k < list->size(); ++k) collect((*list)[k], below(std::to_string(k)), contents);
  } else {
    contents.values.emplace_back(path, plain_text(value));
  }
}

void print_network(const Checkpoint& checkpoint) {
  try {
    const StateDict weights = checkpoint.weights();
    std::int64_t parameters = 0;
    for (const NamedTensor& entry : weights) parameters += entry.trained ? entry.tensor.numel() : 0;
    fmt::print("weights     {} parameters in {} tensors\n", parameters, weights.size());
    const ModelOptions options = options_from_state(weights);
    fmt::print("network     image_size {}, image_channels {}, channels [{}], latent_size {}{}{}\n", options.image_size,
               options.image_channels, fmt::join(options.channels, ", "), options.latent_size,
               options.expand_equal_channels ? ", expand_equal_channels" : "",
               options.conditional ? fmt::format(", conditional with condition_size {}", options.condition_size) : "");
  } catch (const Error& error) {
    fmt::print("network     {}\n", error.what());
  }
}

void print_population(const char* what, const Population& population) {
  fmt::print("{:<11} {} images of {} subjects{}{}\n", what, population.images, population.subjects.size(),
             population.subjects_known ? "" : " (images taken for subjects)",
             population.label.empty() ? "" : ": " + printable(population.label, kLongestName));
}

void print_calibration(const Calibration& calibration) {
  const DetectorIdentity& by = calibration.detector;
  fmt::print("calibration {} {}, made of {}\n", printable(by.backend), printable(by.precision), printable(by.model));
  print_population("calibrated", calibration.population);
  for (const Population& one : calibration.earlier) print_population("before", one);
  if (calibration.overlap_allowed) fmt::print("warning     calibrated on subjects that the model had seen\n");
  for (std::size_t k = 0; k < calibration.all_pixels.size() && k < calibration.brain_pixels.size(); ++k) {
    fmt::print("threshold   {:g} %: {:.6g} on all pixels, {:.6g} on brain pixels\n", calibration.all_pixels[k].percent,
               calibration.all_pixels[k].threshold, calibration.brain_pixels[k].threshold);
  }
}

void print_bundle(const std::string& path) {
  const Bundle bundle = read_bundle(path);
  const Calibration& first = bundle.calibrations.front();
  const DetectorIdentity& by = first.detector;
  fmt::print("file        {}\nformat      calibrated bundle; every hash is right\n", path);
  fmt::print("sha256      {}\n", sha256_hex_of_file(path));
  fmt::print("input       image_size {}, image_channels {}, scaling {}, slices {}\n", bundle.model.input.image_size,
             bundle.model.input.image_channels, to_string(bundle.model.input.scaling), printable(first.slices));
  fmt::print("detector    {} perceptual distance{}, latent {}; by default {} {}\n", printable(by.perceptual),
             bundle.model.squeezenet ? " (weights included)" : "", printable(by.latent), printable(by.backend),
             printable(by.precision));
  fmt::print("licence     {}\n", bundle.licence.empty() ? "not stated" : printable(bundle.licence, kLongestName));
  if (const auto& seen = bundle.model.subjects) {
    fmt::print("trained on  {} subjects, validated on {}{}\n", seen->training.size(), seen->validation.size(),
               seen->overlap_allowed ? "; they may overlap" : "");
  } else {
    fmt::print("trained on  unknown\n");
  }
  for (const Calibration& one : bundle.calibrations) print_calibration(one);
}

int info(const ModelCommandOptions& options) {
  apply_common_options(options.common);
  if (is_bundle(options.input)) {
    print_bundle(options.input);
    return kExitSuccess;
  }
  const Checkpoint checkpoint = read_checkpoint(options.input);
  Contents contents;
  collect(checkpoint.root, "", contents);
  const auto depth = [](const auto& value) { return std::count(value.first.begin(), value.first.end(), '/'); };
  std::stable_sort(contents.values.begin(), contents.values.end(),
                   [&](const auto& a, const auto& b) { return depth(a) < depth(b); });
  fmt::print("file        {}\n", options.input);
  fmt::print("format      {}\n", to_string(checkpoint.format));
  fmt::print("size        {} bytes\n", std::filesystem::file_size(options.input));
  fmt::print("sha256      {}\n", sha256_hex_of_file(options.input));
  print_network(checkpoint);
  for (const auto& [key, text] : checkpoint.metadata) {
    fmt::print("metadata    {} = {}\n", printable(key, kLongestName), printable(text, kLongestName));
  }
  for (const auto& [path, text] : contents.values) fmt::print("value       {} = {}\n", path, text);
  for (const auto& [path, tensor] : contents.tensors) {
    fmt::print("tensor      {} [{}] {}\n", path, fmt::join(tensor.sizes(), ","),
               tensor_type(tensor.scalar_type()).name);
  }
  return kExitSuccess;
}

CheckpointValue trainers_dict(const CheckpointValue& weights, const CheckpointValue& section) {
  return {CheckpointValue::Dict{{{std::string("model_weights")}, weights}, {{std::string("ra")}, section}}};
}

// The model of a bundle as a trainer's checkpoint has it.
Checkpoint checkpoint_of_bundle(const std::string& path) {
  const ModelFile model = read_bundle(path).model;
  return {CheckpointFormat::kTorchZip,
          trainers_dict(to_checkpoint_value(model.model->state()), to_checkpoint_value(model)),
          {}};
}

// A model that is to be written in another format.
struct Source {
  explicit Source(const std::string& path)
      : checkpoint(is_bundle(path) ? checkpoint_of_bundle(path) : read_checkpoint(path)) {
    of_bundle = is_bundle(path);
    section = in_context(fmt::format("checkpoint '{}'", path), [&] { return find_section(checkpoint); });
  }

  Checkpoint checkpoint;
  std::optional<CheckpointValue> section;  // the key `ra` of a checkpoint
  bool of_bundle = false;
};

// What of a source has no place in a file that ends in `ending`.
std::vector<std::string> left_out(const Source& source, const std::string& ending) {
  std::vector<std::string> names;
  if (source.of_bundle) return {"its calibration, canary and licence, and its perceptual distance"};
  const CheckpointValue& root = source.checkpoint.root;
  if (ending != ".safetensors" || root.find("model_weights") == nullptr) return names;
  for (const auto& [key, item] : std::get<CheckpointValue::Dict>(root.value)) {
    if (const std::string name = plain_text(key); name != "model_weights" && name != "ra") names.push_back(name);
  }
  return names;
}

// Everything of a .pt; the weights and the section of a safetensors file.
CheckpointValue as_torch_root(const Source& source) {
  if (source.checkpoint.format != CheckpointFormat::kSafetensors || !source.section) return source.checkpoint.root;
  return trainers_dict(source.checkpoint.root, *source.section);
}

void write_safetensors_of(const Source& source, const ModelCommandOptions& options) {
  const StateDict weights =
      in_context(fmt::format("checkpoint '{}'", options.input), [&] { return source.checkpoint.weights(); });
  std::map<std::string, std::string> metadata = source.checkpoint.metadata;
  metadata.emplace("format", "pt");  // what Python's libraries look for
  if (source.section) metadata["ra"] = section_to_text(*source.section);
  write_safetensors(options.output, weights, metadata);
}

int convert(const ModelCommandOptions& options) {
  apply_common_options(options.common);
  const std::filesystem::path output = options.output;
  const std::string ending = output.extension().string();
  if (ending != ".pt" && ending != ".pth" && ending != ".safetensors") {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("cannot tell the format of '{}': its name must end in .pt, .pth or .safetensors", output.string()));
  }
  if (std::filesystem::exists(output) && !options.common.overwrite) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' exists: use --overwrite to replace it", output.string()));
  }
  const Source source(options.input);
  if (ending == ".safetensors") {
    write_safetensors_of(source, options);
  } else {
    write_torch_checkpoint(output, as_torch_root(source));
  }
  const std::vector<std::string> others = left_out(source, ending);
  fmt::print("{}: {} of {}{}\n", options.output, others.empty() ? "all" : "the model", options.input,
             others.empty() ? "" : fmt::format("; {} has no place for {}", ending, fmt::join(others, ", ")));
  return kExitSuccess;
}

}  // namespace

void add_model_command(CLI::App& app) {
  CLI::App& group = add_verb(app, "model", "Look into model files and convert them", "ra model info best_model.pt");
  group.require_subcommand(1);
  auto options = std::make_shared<ModelCommandOptions>();

  CLI::App& info_verb =
      add_verb(group, "info", "Print what a .pt, .safetensors or .ra file holds; nothing in it is run",
               "ra model info runs/demo/checkpoints/best.pt");
  info_verb.add_option("FILE", options->input, "Checkpoint: .pt in either layout, or safetensors; or a bundle .ra")
      ->required();
  add_log_options(info_verb, options->common);
  on_run(info_verb, [options] { return info(*options); });

  CLI::App& convert_verb = add_verb(group, "convert", "Write a checkpoint in the format that the name of OUT ends in",
                                    "ra model convert best_model.pt best_model.safetensors");
  convert_verb
      .add_option("IN", options->input,
                  "Checkpoint: .pt in either layout, or safetensors; or the model of a bundle .ra")
      ->required();
  convert_verb
      .add_option("OUT", options->output, ".pt or .pth takes everything, .safetensors the model without its optimisers")
      ->required();
  add_overwrite_option(convert_verb, options->common);
  add_log_options(convert_verb, options->common);
  on_run(convert_verb, [options] { return convert(*options); });
}

}  // namespace ra

#include "ra/model/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/safetensors.h"
#include "ra/model/torch_checkpoint_reader.h"
#include "ra/model/untrusted_bytes.h"
#include "ra/model/zip_records.h"

namespace ra {
namespace {

bool is_running_statistic(std::string_view name) {
  return name.ends_with("running_mean") || name.ends_with("running_var") || name.ends_with("num_batches_tracked");
}

Checkpoint parse(const SharedBytes& content) {
  const std::span<const std::byte> file = content.bytes;
  if (file.empty()) refuse("the file is empty");
  if (looks_like_zip(file)) return {CheckpointFormat::kTorchZip, read_torch_zip(content), {}};
  if (looks_like_legacy_torch(file)) return {CheckpointFormat::kTorchLegacy, read_torch_legacy(file), {}};
  if (looks_like_safetensors(file)) return read_safetensors(file);
  if (file[0] == std::byte{0x80}) refuse("a pickle without PyTorch's magic number; save the model with torch.save");
  refuse("neither a PyTorch checkpoint nor safetensors");
}

}  // namespace

const CheckpointValue* CheckpointValue::find(const std::string& key) const {
  const auto* dict = std::get_if<Dict>(&value);
  if (dict == nullptr) return nullptr;
  for (const auto& [name, item] : *dict) {
    const auto* text = std::get_if<std::string>(&name.value);
    if (text != nullptr && *text == key) return &item;
  }
  return nullptr;
}

std::string_view to_string(CheckpointFormat format) {
  switch (format) {
    case CheckpointFormat::kTorchZip:
      return "PyTorch (zip layout)";
    case CheckpointFormat::kTorchLegacy:
      return "PyTorch (legacy layout)";
    case CheckpointFormat::kSafetensors:
      return "safetensors";
  }
  return "unknown";
}

StateDict Checkpoint::weights() const {
  const CheckpointValue* named = root.find("model_weights");
  const auto* dict = std::get_if<CheckpointValue::Dict>(&(named != nullptr ? *named : root).value);
  if (dict == nullptr || dict->empty()) {
    refuse("the checkpoint holds no model weights: neither model_weights nor its root is a dict of tensors");
  }
  StateDict state;
  for (const auto& [key, item] : *dict) {
    const auto* name = std::get_if<std::string>(&key.value);
    const auto* tensor = std::get_if<at::Tensor>(&item.value);
    if (name == nullptr || tensor == nullptr) {
      refuse(fmt::format("the checkpoint holds no model weights: {} is no dict of named tensors ('{}' is none)",
                         named != nullptr ? "model_weights" : "its root", name != nullptr ? printable(*name) : "?"));
    }
    state.push_back({*name, *tensor, !is_running_statistic(*name)});
  }
  return state;
}

Checkpoint read_checkpoint(const std::filesystem::path& path) { return parse_checkpoint(read_shared_file(path), path); }

Checkpoint parse_checkpoint(const SharedBytes& content, const std::filesystem::path& path) {
  return in_context(fmt::format("checkpoint '{}'", path.string()), [&] { return parse(content); });
}

CheckpointValue to_checkpoint_value(const StateDict& state) {
  CheckpointValue::Dict dict;
  for (const NamedTensor& entry : state) dict.emplace_back(CheckpointValue{entry.name}, CheckpointValue{entry.tensor});
  CheckpointValue value{std::move(dict)};
  value.is_ordered = true;
  return value;
}

void verify_written_checkpoint(const std::filesystem::path& path) {
  try {
    read_checkpoint(path);
  } catch (const Error& error) {
    throw Error(ErrorCode::kIo, fmt::format("what was written does not read back: {}", error.what()));
  }
}

}  // namespace ra

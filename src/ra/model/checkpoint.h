#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/model/state_dict.h"

namespace ra {

// A value inside a checkpoint: what a restricted unpickler can build.
struct CheckpointValue {
  using List = std::vector<CheckpointValue>;
  using Dict = std::vector<std::pair<CheckpointValue, CheckpointValue>>;  // in file order; keys strings or integers
  std::variant<std::monostate, bool, std::int64_t, double, std::string, at::Tensor, List, Dict> value;
  bool is_tuple = false;    // of a List
  bool is_ordered = false;  // of a Dict: Python's OrderedDict, which a state dict is

  const CheckpointValue* find(const std::string& key) const;  // in a Dict; nullptr if absent or no Dict
};

enum class CheckpointFormat { kTorchZip, kTorchLegacy, kSafetensors };
std::string_view to_string(CheckpointFormat format);

struct Checkpoint {
  CheckpointFormat format;
  CheckpointValue root;
  std::map<std::string, std::string> metadata;  // of a safetensors file

  // The model's weights in file order: `model_weights` of a trainer's checkpoint, else the root itself. kBadInput
  // if neither is a dict of tensors.
  StateDict weights() const;
};

// Reads .pt (zip and legacy layout) and safetensors of up to 4 GiB; the content decides, not the name. Nothing in
// the file is ever called. Tensors are on the CPU and own their memory; those that shared a storage still do.
// kBadInput with file, place and reason for a broken, hostile or unknown file.
Checkpoint read_checkpoint(const std::filesystem::path& path);
// The same of a file's content, which lies at a multiple of 64 bytes and which tensors go on using; `path` names it in
// errors.
Checkpoint parse_checkpoint(const SharedBytes& content, const std::filesystem::path& path);

// Writes a .pt that Python's torch.load(weights_only=True) reads, atomically, and reads it back before it gets its
// name. Shared storages stay shared.
void write_torch_checkpoint(const std::filesystem::path& path, const CheckpointValue& root);
// Writes safetensors in the same way. Names must be distinct.
void write_safetensors(const std::filesystem::path& path, const StateDict& state,
                       const std::map<std::string, std::string>& metadata = {});

// A dict of tensors, for write_torch_checkpoint.
CheckpointValue to_checkpoint_value(const StateDict& state);

// Throws kIo unless a checkpoint just written reads back, checksums included.
void verify_written_checkpoint(const std::filesystem::path& path);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ra/model/checkpoint.h"

namespace ra {

struct PickleNode;

// What a permitted global name stands for.
enum class PickleCallable { kOrderedDict, kRebuildTensor, kRebuildParameter, kSize, kDevice };

struct PickledStorage {
  at::Storage storage;
  at::ScalarType type;
  std::int64_t count;
};

struct PickledSequence {
  std::vector<PickleNode*> items;
  bool is_tuple;
};

struct PickledDict {
  std::vector<std::pair<PickleNode*, PickleNode*>> items;
  bool is_ordered;
};

// One object on the unpickler's stack or in its memo. Nodes refer to each other freely, in cycles too; they live in
// one arena that ends with the unpickler. Texts point into the file.
struct PickleNode {
  std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickleCallable, at::ScalarType,
               PickledStorage, at::Tensor, PickledSequence, PickledDict>
      content;
};

// The node and all below it as a value of its own; kBadInput for cycles, deep nesting, bare classes or storages,
// keys that are no texts or integers, keys twice in a dict, and more than 256 MiB in all.
CheckpointValue to_value(const PickleNode& node);

}  // namespace ra

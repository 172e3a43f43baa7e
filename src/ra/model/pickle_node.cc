#include "ra/model/pickle_node.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <unordered_set>

#include "ra/model/untrusted_bytes.h"

namespace ra {
namespace {

constexpr int kMaxDepth = 64;
// A small pickle can refer to one object many times over; the copies are counted before they are made.
constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

class Converter {
 public:
  CheckpointValue convert(const PickleNode& node, int depth) {
    if (depth > kMaxDepth) {
      refuse(fmt::format("the pickle nests deeper than {} levels, or contains itself", kMaxDepth));
    }
    charge(sizeof(CheckpointValue));
    return std::visit([&](const auto& content) { return convert_content(content, depth); }, node.content);
  }

 private:
  template <class Plain>
  CheckpointValue convert_content(const Plain& plain, int) {
    return {plain};
  }
  CheckpointValue convert_content(const std::string_view& text, int) {
    charge(text.size());
    return {std::string(text)};
  }
  CheckpointValue convert_content(const PickleCallable&, int) { refuse_bare("a class or function"); }
  CheckpointValue convert_content(const at::ScalarType&, int) { refuse_bare("a class"); }
  CheckpointValue convert_content(const PickledStorage&, int) { refuse_bare("a storage without tensor"); }
  CheckpointValue convert_content(const PickledSequence& sequence, int depth) {
    CheckpointValue::List items;
    for (const PickleNode* item : sequence.items) items.push_back(convert(*item, depth + 1));
    CheckpointValue value{std::move(items)};
    value.is_tuple = sequence.is_tuple;
    return value;
  }
  CheckpointValue convert_content(const PickledDict& dict, int depth) {
    CheckpointValue::Dict items;
    std::unordered_set<std::string> texts;
    std::unordered_set<std::int64_t> integers;
    for (const auto& [key_node, item] : dict.items) {
      CheckpointValue key = convert(*key_node, depth + 1);
      const auto* text = std::get_if<std::string>(&key.value);
      const auto* integer = std::get_if<std::int64_t>(&key.value);
      if (text == nullptr && integer == nullptr) refuse("a dict has a key that is neither a text nor an integer");
      const bool fresh = text != nullptr ? texts.insert(*text).second : integers.insert(*integer).second;
      if (!fresh) {
        refuse(fmt::format("a dict has the key '{}' twice",
                           text != nullptr ? printable(*text) : std::to_string(*integer)));
      }
      items.emplace_back(std::move(key), convert(*item, depth + 1));
    }
    CheckpointValue value{std::move(items)};
    value.is_ordered = dict.is_ordered;
    return value;
  }

  [[noreturn]] void refuse_bare(const char* what) {
    refuse(fmt::format("the pickle holds {} where only tensors and plain values may stand", what));
  }

  void charge(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > kMaxBytes) refuse("the pickle unfolds to more than 256 MiB beside its tensors");
  }

  std::size_t bytes_ = 0;
};

}  // namespace

CheckpointValue to_value(const PickleNode& node) { return Converter().convert(node, 0); }

}  // namespace ra

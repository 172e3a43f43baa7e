#include "ra/model/pickle_reader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <deque>

#include "ra/model/pickle_node.h"
#include "ra/model/pickled_tensor.h"
#include "ra/model/tensor_type.h"

namespace ra {
namespace {

constexpr std::size_t kMaxOperations = std::size_t{1} << 21;
constexpr std::size_t kMaxMarks = 1000;
constexpr std::size_t kMaxGlobalName = 200;

struct Global {
  std::string_view module, name;
  PickleCallable callable;
};

// The only names that a checkpoint may mention, beside the storage classes of tensor_types().
constexpr std::array kGlobals = {
    Global{"collections", "OrderedDict", PickleCallable::kOrderedDict},
    Global{"torch._utils", "_rebuild_tensor_v2", PickleCallable::kRebuildTensor},
    Global{"torch._utils", "_rebuild_parameter", PickleCallable::kRebuildParameter},
    Global{"torch", "Size", PickleCallable::kSize},
    Global{"torch", "device", PickleCallable::kDevice},
};

// The stack machine of Python's pickle module, without everything that can run code.
class Unpickler {
 public:
  Unpickler(ByteCursor& cursor, const FindStorage& find_storage) : cursor_(cursor), find_storage_(find_storage) {}

  CheckpointValue run();

 private:
  void step(char operation);
  bool push_constant(char operation);
  bool push_text(char operation);
  void global();
  void persistent_id();
  void reduce();
  void build();
  void append(const std::vector<PickleNode*>& items);
  void set_items(const std::vector<PickleNode*>& items);
  std::int64_t take_long(std::size_t size);

  template <class Content>
  void push(Content&& content) {
    arena_.push_back(PickleNode{std::forward<Content>(content)});
    stack_.push_back(&arena_.back());
  }
  void push_tuple(std::vector<PickleNode*> items) { push(PickledSequence{std::move(items), true}); }
  PickleNode* top();
  PickleNode* pop();
  std::vector<PickleNode*> pop_last(std::size_t count);
  std::vector<PickleNode*> pop_to_mark();
  void memorise(std::size_t slot);
  void recall(std::size_t slot);

  ByteCursor& cursor_;
  const FindStorage& find_storage_;
  std::deque<PickleNode> arena_;
  std::deque<std::string> composed_texts_;
  std::vector<PickleNode*> stack_, memo_;
  std::vector<std::size_t> marks_;
};

CheckpointValue Unpickler::run() {
  if (cursor_.take_number<char>() != '\x80') refuse("no pickle begins where one is expected");
  const int protocol = cursor_.take_number<std::uint8_t>();
  if (protocol != 2) refuse(fmt::format("pickle protocol {} is not read; torch.save writes protocol 2", protocol));
  for (std::size_t operations = 0; operations < kMaxOperations; ++operations) {
    const char operation = cursor_.take_number<char>();
    if (operation == '.') {
      const PickleNode* result = pop();
      if (!stack_.empty() || !marks_.empty()) refuse("the pickle leaves objects behind");
      return to_value(*result);
    }
    step(operation);
  }
  refuse(fmt::format("the pickle has more than {} operations", kMaxOperations));
}

// clang-format off: one operation a line.
void Unpickler::step(char operation) {
  if (push_constant(operation) || push_text(operation)) return;
  switch (operation) {
    case '(':
      if (marks_.size() >= kMaxMarks) refuse("the pickle opens too many groups");
      marks_.push_back(stack_.size());
      break;
    case '0': pop(); break;
    case ')': push_tuple({}); break;
    case '\x85': push_tuple(pop_last(1)); break;
    case '\x86': push_tuple(pop_last(2)); break;
    case '\x87': push_tuple(pop_last(3)); break;
    case 't': push_tuple(pop_to_mark()); break;
    case ']': push(PickledSequence{{}, false}); break;
    case '}': push(PickledDict{{}, false}); break;
    case 'a': append(pop_last(1)); break;
    case 'e': append(pop_to_mark()); break;
    case 's': set_items(pop_last(2)); break;
    case 'u': set_items(pop_to_mark()); break;
    case 'q': memorise(cursor_.take_number<std::uint8_t>()); break;
    case 'r': memorise(cursor_.take_number<std::uint32_t>()); break;
    case 'h': recall(cursor_.take_number<std::uint8_t>()); break;
    case 'j': recall(cursor_.take_number<std::uint32_t>()); break;
    case 'c': global(); break;
    case 'Q': persistent_id(); break;
    case 'R': reduce(); break;
    case 'b': build(); break;
    default:
      refuse(fmt::format("pickle operation 0x{:02x} at byte {} is not permitted", static_cast<unsigned char>(operation),
                         cursor_.position() - 1));
  }
}

bool Unpickler::push_constant(char operation) {
  switch (operation) {
    case 'N': push(std::monostate()); return true;
    case '\x88': push(true); return true;
    case '\x89': push(false); return true;
    case 'K': push(std::int64_t{cursor_.take_number<std::uint8_t>()}); return true;
    case 'M': push(std::int64_t{cursor_.take_number<std::uint16_t>()}); return true;
    case 'J': push(std::int64_t{cursor_.take_number<std::int32_t>()}); return true;
    case '\x8a': push(take_long(cursor_.take_number<std::uint8_t>())); return true;
    case '\x8b': push(take_long(cursor_.take_number<std::uint32_t>())); return true;
    case 'G':
      // The one big-endian number of the format.
      push(std::bit_cast<double>(__builtin_bswap64(cursor_.take_number<std::uint64_t>())));
      return true;
    default: return false;
  }
}

// clang-format on
bool Unpickler::push_text(char operation) {
  switch (operation) {
    case 'X':  // unicode
    case 'T':  // text of Python 2
      push(cursor_.take_text(cursor_.take_number<std::uint32_t>()));
      return true;
    case 'U':  // short text of Python 2
      push(cursor_.take_text(cursor_.take_number<std::uint8_t>()));
      return true;
    default:
      return false;
  }
}

std::int64_t Unpickler::take_long(std::size_t size) {
  if (size > sizeof(std::int64_t)) refuse(fmt::format("an integer of {} bytes does not fit 64 bits", size));
  const auto bytes = cursor_.take(size);
  const bool negative = size > 0 && (bytes[size - 1] & std::byte{0x80}) != std::byte{0};
  std::int64_t number = negative ? -1 : 0;
  std::memcpy(&number, bytes.data(), size);
  return number;
}

void Unpickler::global() {
  const std::string_view module = cursor_.take_line(kMaxGlobalName);
  const std::string_view name = cursor_.take_line(kMaxGlobalName);
  for (const Global& entry : kGlobals) {
    if (module == entry.module && name == entry.name) return push(entry.callable);
  }
  for (const TensorType& type : tensor_types()) {
    if (module == "torch" && name == type.torch) return push(type.type);
  }
  refuse(fmt::format("the pickle names {}.{}; a checkpoint may hold tensors and plain values only", printable(module),
                     printable(name)));
}

void Unpickler::persistent_id() {
  const auto* id = std::get_if<PickledSequence>(&pop()->content);
  // ("storage", class, key, location, count), in the legacy layout with a view, which is None.
  const bool shaped = id != nullptr && (id->items.size() == 5 || id->items.size() == 6);
  if (!shaped) refuse("a persistent id that is no storage");
  const auto* kind = std::get_if<std::string_view>(&id->items[0]->content);
  const auto* type = std::get_if<at::ScalarType>(&id->items[1]->content);
  const auto* key = std::get_if<std::string_view>(&id->items[2]->content);
  const auto* location = std::get_if<std::string_view>(&id->items[3]->content);
  const auto* count = std::get_if<std::int64_t>(&id->items[4]->content);
  if (!kind || *kind != "storage" || !type || !key || !location || !count || *count < 0) {
    refuse("a persistent id that is no storage");
  }
  if (id->items.size() == 6 && !std::holds_alternative<std::monostate>(id->items[5]->content)) {
    refuse("a storage that is a view of another one; save the file again with PyTorch 1.6 or newer");
  }
  push(PickledStorage{find_storage_({*key, *type, *count}), *type, *count});
}

void Unpickler::reduce() {
  const auto* arguments = std::get_if<PickledSequence>(&pop()->content);
  const auto* callable = std::get_if<PickleCallable>(&pop()->content);
  if (callable == nullptr || arguments == nullptr || !arguments->is_tuple)
    refuse("the pickle calls what is no function");
  switch (*callable) {
    case PickleCallable::kOrderedDict:
      return push(ordered_dict(arguments->items));
    case PickleCallable::kRebuildTensor:
      return push(rebuild_tensor(arguments->items));
    case PickleCallable::kRebuildParameter:
      return push(rebuild_parameter(arguments->items));
    case PickleCallable::kSize:
      return push(torch_size(arguments->items));
    case PickleCallable::kDevice:
      composed_texts_.push_back(device_text(arguments->items));
      return push(std::string_view(composed_texts_.back()));
  }
}

// A state dict carries its `_metadata` (versions of layers) as attributes; they are of no use here.
void Unpickler::build() {
  const PickleNode* state = pop();
  const auto* target = std::get_if<PickledDict>(&top()->content);
  if (target == nullptr || !target->is_ordered || !std::holds_alternative<PickledDict>(state->content)) {
    refuse("the pickle sets attributes of an object; only a state dict may have some");
  }
}

void Unpickler::append(const std::vector<PickleNode*>& items) {
  auto* list = std::get_if<PickledSequence>(&top()->content);
  if (list == nullptr || list->is_tuple) refuse("the pickle appends to what is no list");
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void Unpickler::set_items(const std::vector<PickleNode*>& items) {
  auto* dict = std::get_if<PickledDict>(&top()->content);
  if (dict == nullptr || items.size() % 2 != 0) refuse("the pickle sets items of what is no dict");
  for (std::size_t k = 0; k < items.size(); k += 2) dict->items.emplace_back(items[k], items[k + 1]);
}

PickleNode* Unpickler::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("the pickle takes more objects than it made");
  return stack_.back();
}

PickleNode* Unpickler::pop() {
  PickleNode* node = top();
  stack_.pop_back();
  return node;
}

std::vector<PickleNode*> Unpickler::pop_last(std::size_t count) {
  std::vector<PickleNode*> items(count);
  for (std::size_t k = count; k > 0; --k) items[k - 1] = pop();
  return items;
}

std::vector<PickleNode*> Unpickler::pop_to_mark() {
  if (marks_.empty()) refuse("the pickle closes a group that it did not open");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleNode*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void Unpickler::memorise(std::size_t slot) {
  // Python numbers the slots in order, from 0 or 1: a larger number only serves to exhaust memory.
  if (slot > arena_.size()) refuse(fmt::format("the pickle uses memo slot {} after {} objects", slot, arena_.size()));
  if (memo_.size() <= slot) memo_.resize(slot + 1, nullptr);
  memo_[slot] = top();
}

void Unpickler::recall(std::size_t slot) {
  if (slot >= memo_.size() || memo_[slot] == nullptr) refuse(fmt::format("the pickle's memo slot {} is empty", slot));
  stack_.push_back(memo_[slot]);
}

}  // namespace

std::int64_t StorageReference::byte_count() const {
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(count, static_cast<std::int64_t>(c10::elementSize(type)), &bytes)) {
    refuse(fmt::format("storage '{}' of {} elements does not fit 64 bits", printable(key), count));
  }
  return bytes;
}

CheckpointValue read_pickle(ByteCursor& cursor, const FindStorage& find_storage) {
  return Unpickler(cursor, find_storage).run();
}

}  // namespace ra

#include "ra/model/pickled_tensor.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ra/model/untrusted_bytes.h"

namespace ra {
namespace {

constexpr std::size_t kMaxRank = 64;
// A view with strides of 0 has more elements than its storage. More than these would only serve to exhaust memory
// when somebody copies the tensor.
constexpr std::int64_t kMaxRepeated = std::int64_t{1} << 20;

template <class Content>
const Content& argument(const PickleArguments& arguments, std::size_t k, const char* what) {
  const auto* content = k < arguments.size() ? std::get_if<Content>(&arguments[k]->content) : nullptr;
  if (content == nullptr) refuse(fmt::format("a tensor is described without {}", what));
  return *content;
}

std::vector<std::int64_t> integers(const PickledSequence& sequence) {
  std::vector<std::int64_t> numbers;
  for (const PickleNode* item : sequence.items) {
    const auto* number = std::get_if<std::int64_t>(&item->content);
    if (number == nullptr || *number < 0) refuse("a tensor has a size or stride that is no whole number from 0");
    numbers.push_back(*number);
  }
  return numbers;
}

// The number of elements; sizes of 0 are left out of the overflow check, so that strides cannot overflow either.
std::int64_t checked_count(const std::vector<std::int64_t>& sizes) {
  std::int64_t product = 1;
  bool is_empty = false;
  for (const std::int64_t size : sizes) {
    is_empty |= size == 0;
    if (size != 0 && __builtin_mul_overflow(product, size, &product)) {
      refuse(fmt::format("a tensor of shape [{}] does not fit 64 bits", fmt::join(sizes, ",")));
    }
  }
  return is_empty ? 0 : product;
}

void check_bounds(const PickledStorage& storage, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                  const std::vector<std::int64_t>& strides) {
  if (sizes.size() != strides.size() || sizes.size() > kMaxRank) {
    refuse(fmt::format("a tensor has {} sizes and {} strides", sizes.size(), strides.size()));
  }
  const std::int64_t count = checked_count(sizes);
  std::int64_t end = offset;
  bool fits = offset >= 0 && offset <= storage.count;
  for (std::size_t k = 0; fits && count > 0 && k < sizes.size(); ++k) {
    std::int64_t reach = 0;
    fits = !__builtin_mul_overflow(sizes[k] - 1, strides[k], &reach) && !__builtin_add_overflow(end, reach, &end);
  }
  fits = fits && (count == 0 || end < storage.count);
  if (!fits || count > std::max(storage.count, kMaxRepeated)) {
    refuse(fmt::format("a tensor of shape [{}], strides [{}], offset {} reaches outside its storage of {} elements",
                       fmt::join(sizes, ","), fmt::join(strides, ","), offset, storage.count));
  }
}

// An empty OrderedDict, or None in files of PyTorch 0.4.
void require_no_hooks(const PickleArguments& arguments, std::size_t k) {
  if (k < arguments.size() && std::holds_alternative<std::monostate>(arguments[k]->content)) return;
  if (!argument<PickledDict>(arguments, k, "its (empty) dict of hooks").items.empty()) {
    refuse("a tensor has backward hooks, which are code");
  }
}

}  // namespace

at::Tensor rebuild_tensor(const PickleArguments& arguments) {
  if (arguments.size() != 6) refuse("a tensor with extra state (a subclass or a conjugated one) is not read");
  const auto& storage = argument<PickledStorage>(arguments, 0, "storage");
  const auto offset = argument<std::int64_t>(arguments, 1, "offset");
  const auto sizes = integers(argument<PickledSequence>(arguments, 2, "sizes"));
  const auto strides = integers(argument<PickledSequence>(arguments, 3, "strides"));
  argument<bool>(arguments, 4, "requires_grad");
  require_no_hooks(arguments, 5);
  check_bounds(storage, offset, sizes, strides);
  return at::empty({0}, storage.type).set_(storage.storage, offset, sizes, strides);
}

at::Tensor rebuild_parameter(const PickleArguments& arguments) {
  argument<bool>(arguments, 1, "requires_grad");
  require_no_hooks(arguments, 2);
  return argument<at::Tensor>(arguments, 0, "data");
}

PickledDict ordered_dict(const PickleArguments& arguments) {
  PickledDict dict{{}, true};
  if (arguments.empty()) return dict;
  for (const PickleNode* item : argument<PickledSequence>(arguments, 0, "pairs").items) {
    const auto* pair = std::get_if<PickledSequence>(&item->content);
    if (pair == nullptr || pair->items.size() != 2) refuse("an OrderedDict is made from something else than pairs");
    dict.items.emplace_back(pair->items[0], pair->items[1]);
  }
  return dict;
}

PickledSequence torch_size(const PickleArguments& arguments) {
  const auto& sizes = argument<PickledSequence>(arguments, 0, "sizes");
  integers(sizes);
  return {sizes.items, true};
}

std::string device_text(const PickleArguments& arguments) {
  const auto& type = argument<std::string_view>(arguments, 0, "device type");
  if (arguments.size() == 1) return std::string(type);
  return fmt::format("{}:{}", type, argument<std::int64_t>(arguments, 1, "device number"));
}

}  // namespace ra

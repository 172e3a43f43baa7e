#include "ra/model/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/safetensors_header.h"
#include "ra/model/tensor_type.h"
#include "ra/model/untrusted_bytes.h"

namespace ra {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::uint64_t kMaxFile = std::uint64_t{4} << 30;
constexpr std::size_t kHeaderAlignment = 8;

// The tensors must cover the data exactly once: no gap, no overlap, nothing outside.
void check_coverage(const std::vector<SafetensorsEntry>& entries, std::uint64_t data_size) {
  std::vector<const SafetensorsEntry*> sorted;
  for (const SafetensorsEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const SafetensorsEntry* a, const SafetensorsEntry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t position = 0;
  for (const SafetensorsEntry* entry : sorted) {
    if (entry->begin != position || entry->end > data_size) {
      refuse(
          fmt::format("tensor '{}' at bytes {} to {} leaves a gap, overlaps another one, or lies outside the {} "
                      "bytes of data",
                      printable(entry->name), entry->begin, entry->end, data_size));
    }
    position = entry->end;
  }
  if (position != data_size) refuse(fmt::format("{} bytes of data belong to no tensor", data_size - position));
}

at::Tensor copy_of(const SafetensorsEntry& entry, std::span<const std::byte> data) {
  at::Tensor tensor = at::empty(entry.shape, entry.type);
  if (entry.end > entry.begin) std::memcpy(tensor.data_ptr(), data.data() + entry.begin, entry.end - entry.begin);
  return tensor;
}

std::vector<std::size_t> order_of_data(const StateDict& state) {
  std::vector<std::size_t> order(state.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return state[a].tensor.element_size() > state[b].tensor.element_size();
  });
  return order;
}

std::string member(const std::string& name, const std::string& value) {
  return nlohmann::json(name).dump() + ":" + value;
}

std::string entry_json(const at::Tensor& tensor, std::uint64_t begin) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                     tensor_type(tensor.scalar_type()).safetensors, nlohmann::json(tensor.sizes().vec()).dump(), begin,
                     begin + tensor.nbytes());
}

// The header lists the tensors in the order of `state`, the data in `order`: widest elements first, so that every
// tensor is aligned to its elements.
std::string header_json(const StateDict& state, const std::vector<std::size_t>& order,
                        const std::map<std::string, std::string>& metadata) {
  std::vector<std::uint64_t> begins(state.size());
  std::uint64_t position = 0;
  for (const std::size_t k : order) {
    begins[k] = position;
    position += state[k].tensor.nbytes();
    if (position > kMaxFile) throw Error(ErrorCode::kUsage, "a checkpoint of more than 4 GiB cannot be written");
  }
  std::string text = "{";
  if (!metadata.empty()) text += member("__metadata__", nlohmann::json(metadata).dump());
  for (std::size_t k = 0; k < state.size(); ++k) {
    if (text.size() > 1) text += ",";
    text += member(state[k].name, entry_json(state[k].tensor, begins[k]));
  }
  text += "}";
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  return text;
}

void check_names(const StateDict& state) {
  std::unordered_set<std::string> names;
  for (const NamedTensor& entry : state) {
    if (entry.name == "__metadata__" || !names.insert(entry.name).second) {
      refuse(fmt::format("safetensors cannot hold the tensor name '{}' (reserved, or twice)", printable(entry.name)));
    }
  }
}

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> file) { return file.size() > 8 && file[8] == std::byte{'{'}; }

Checkpoint read_safetensors(std::span<const std::byte> file) {
  ByteCursor cursor(file);
  const auto header_size = cursor.take_number<std::uint64_t>();
  if (header_size > kMaxHeader || header_size > cursor.remaining()) {
    refuse(fmt::format("a header of {} bytes is announced, the file has {}", header_size, file.size()));
  }
  SafetensorsHeader header = parse_safetensors_header(cursor.take_text(header_size));
  const auto data = cursor.take(cursor.remaining());
  check_coverage(header.entries, data.size());
  CheckpointValue::Dict dict;
  for (const SafetensorsEntry& entry : header.entries) {
    dict.emplace_back(CheckpointValue{entry.name}, CheckpointValue{copy_of(entry, data)});
  }
  CheckpointValue root{std::move(dict)};
  root.is_ordered = true;
  return {CheckpointFormat::kSafetensors, std::move(root), std::move(header.metadata)};
}

std::string safetensors_bytes(const StateDict& state, const std::map<std::string, std::string>& metadata) {
  check_names(state);
  const std::vector<std::size_t> order = order_of_data(state);
  std::string header;
  try {
    header = header_json(state, order, metadata);
  } catch (const nlohmann::json::exception&) {
    refuse("safetensors cannot hold a name or a metadata text that is no valid UTF-8");
  }
  const std::uint64_t header_size = header.size();
  std::string bytes(reinterpret_cast<const char*>(&header_size), sizeof(header_size));
  bytes += header;
  for (const std::size_t k : order) {
    const at::Tensor tensor = state[k].tensor.detach().cpu().contiguous();
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

void write_safetensors(const std::filesystem::path& path, const StateDict& state,
                       const std::map<std::string, std::string>& metadata) {
  const std::string bytes = safetensors_bytes(state, metadata);
  AtomicFile file(path);
  file.write(bytes);
  file.commit(verify_written_checkpoint);
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Pickles made by hand, operation by operation, so that tests can break any rule of the format.
namespace ra::testing {

inline std::string raw(const auto& number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

inline std::string pickled(std::string_view text) {
  return "X" + raw(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

inline std::string pickled(std::int64_t number) { return "\x8a\x08" + raw(number); }

inline std::string pickled(const std::vector<std::int64_t>& numbers) {
  std::string bytes = "(";
  for (const std::int64_t number : numbers) bytes += pickled(number);
  return bytes + "t";
}

inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}

inline std::string whole_pickle(const std::string& operations) { return "\x80\x02" + operations + "."; }

// A call of torch's _rebuild_tensor_v2 over a storage of float32.
struct PickledTensorSpec {
  std::vector<std::int64_t> sizes = {4}, strides = {1};
  std::int64_t offset = 0, count = 4;
  std::string key = "0";
  bool legacy = false;

  std::string operations() const {
    const std::string id = "(" + pickled("storage") + global("torch", "FloatStorage") + pickled(key) + pickled("cpu") +
                           pickled(count) + (legacy ? "N" : "") + "tQ";
    return global("torch._utils", "_rebuild_tensor_v2") + "(" + id + pickled(offset) + pickled(sizes) +
           pickled(strides) + "\x89" + global("collections", "OrderedDict") + ")RtR";
  }
};

// {"w": VALUE}
inline std::string dict_of(const std::string& value) { return "}" + pickled("w") + value + "s"; }

// A file of the legacy layout: preamble, object, keys, then what follows.
inline std::string legacy_file(const std::string& object, const std::vector<std::string>& keys,
                               const std::string& storages) {
  std::string list = "](";
  for (const std::string& key : keys) list += pickled(key);
  const std::string magic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
  return whole_pickle(magic) + whole_pickle(pickled(std::int64_t{1001})) + whole_pickle("}") + whole_pickle(object) +
         whole_pickle(list + "e") + storages;
}

}  // namespace ra::testing

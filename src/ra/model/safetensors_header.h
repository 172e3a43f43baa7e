#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ra {

// One tensor of a safetensors header. Bytes are counted from the end of the header.
struct SafetensorsEntry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in file order
  std::map<std::string, std::string> metadata;
};

// Parses the JSON; kBadInput for anything but the two kinds of members, for members or fields twice or missing, and
// for shapes whose bytes are not end - begin.
SafetensorsHeader parse_safetensors_header(std::string_view json);

}  // namespace ra

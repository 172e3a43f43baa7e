#include "ra/data/manifest_field.h"

namespace ra {

std::string manifest_field(const std::string& text) {
  if (text.find_first_of(",\"|") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace ra

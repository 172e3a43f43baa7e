#include "ra/data/csv_field.h"

namespace ra {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"|\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace ra

#pragma once

#include <string>

namespace ra {

// JSON Schema (draft 2020-12) of a native experiment file: keys, types, defaults, descriptions.
std::string config_schema();

}  // namespace ra

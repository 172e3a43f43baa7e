#pragma once

#include <string>

namespace ra {

// A field of a manifest or list (manifest.h, path_list.h), quoted where it must be.
std::string manifest_field(const std::string& text);

}  // namespace ra

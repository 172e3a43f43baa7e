#pragma once

#include <string>

namespace ra {

// A CSV field, quoted where it must be. `|` quotes in lists and manifests (path_list.h, manifest.h).
std::string csv_field(const std::string& text);

}  // namespace ra

#pragma once

#include <string_view>

namespace ra {

// The commit of the source that the program was built from, as `git describe --always --dirty` names it
// ("3d5f973b2a10", "3d5f973b2a10-dirty" with changes); "unknown" for source outside git.
std::string_view source_commit();

}  // namespace ra

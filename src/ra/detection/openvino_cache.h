#pragma once

#include <filesystem>
#include <memory>

#include "ra/base/lock_file.h"

namespace ra {

// Where OpenVINO keeps graphs that it has compiled, for this process alone while it lives: OpenVINO writes its files in
// place, and another process would read what is half written.
struct OpenvinoCache {
  std::filesystem::path folder;
  LockFile lock;
};

// openvino/ in RA_CACHE_DIR, else in $XDG_CACHE_HOME/ra, else in ~/.cache/ra; nullptr where nothing can be written there,
// or while another process has it. What was not used for longest is removed when all of it exceeds 1 GiB.
std::unique_ptr<OpenvinoCache> open_openvino_cache();

}  // namespace ra

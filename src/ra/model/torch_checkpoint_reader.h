#pragma once

#include <cstddef>
#include <span>

#include "ra/base/atomic_file.h"
#include "ra/model/checkpoint.h"

namespace ra {

// Whether the bytes begin as the layout that torch.save wrote before PyTorch 1.6.
bool looks_like_legacy_torch(std::span<const std::byte> file);

// The content of a .pt file in the zip layout (PyTorch 1.6 and newer) or the legacy one. Tensors of one storage share
// its memory; all are on the CPU, wherever they were saved from. Those of the zip layout lie in the file's own memory,
// which they keep alive, those of the legacy one in copies. kBadInput if broken or hostile.
CheckpointValue read_torch_zip(const SharedBytes& file);
CheckpointValue read_torch_legacy(std::span<const std::byte> file);

}  // namespace ra

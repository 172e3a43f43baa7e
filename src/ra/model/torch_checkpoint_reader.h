#pragma once

#include <cstddef>
#include <span>

#include "ra/model/checkpoint.h"

namespace ra {

// Whether the bytes begin as the layout that torch.save wrote before PyTorch 1.6.
bool looks_like_legacy_torch(std::span<const std::byte> file);

// The content of a .pt file in the zip layout (PyTorch 1.6 and newer) or the legacy one. Tensors own their memory,
// those of one storage share it; all are on the CPU, wherever they were saved from. kBadInput if broken or hostile.
CheckpointValue read_torch_zip(std::span<const std::byte> file);
CheckpointValue read_torch_legacy(std::span<const std::byte> file);

}  // namespace ra

#pragma once

#include <cstdint>
#include <optional>

namespace ra {

// Bytes that this process may still take: what the machine has (MemAvailable), or what its control group (version 1 or
// 2: a container, a batch job) leaves below its limit, file cache not counted, whichever is less. nullopt where the
// system does not say.
std::optional<std::uint64_t> available_memory();

}  // namespace ra

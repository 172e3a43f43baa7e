#pragma once

#include <string>

#include "ra/model/checkpoint.h"

namespace ra {

// The `ra` section of a checkpoint as JSON text, for the metadata of a safetensors file, and back. Holds dicts with
// text keys, lists, texts, numbers, flags and float32 tensors ({"shape": [...], "values": [...]}, exact).
std::string section_to_text(const CheckpointValue& section);
// kBadInput for text that section_to_text() does not make.
CheckpointValue section_from_text(const std::string& text);

// The section of a checkpoint in either format; nullopt where it has none. kBadInput as section_from_text().
std::optional<CheckpointValue> find_section(const Checkpoint& checkpoint);

}  // namespace ra

#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "ra/model/checkpoint.h"

namespace ra {

// Whether the bytes can be a safetensors file: a JSON object after the eight bytes of its length.
bool looks_like_safetensors(std::span<const std::byte> file);

// Reads safetensors (the format of huggingface/safetensors: header length, JSON header, data). Strict: kBadInput
// for unknown fields or types, names twice, shapes that do not fit their bytes, and data that the tensors do not
// cover exactly once. The root is a dict in the order of the header.
Checkpoint read_safetensors(std::span<const std::byte> file);

// The file that read_safetensors() reads, in memory. Names must be distinct.
std::string safetensors_bytes(const StateDict& state, const std::map<std::string, std::string>& metadata = {});

}  // namespace ra

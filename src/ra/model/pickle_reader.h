#pragma once

#include <c10/core/Storage.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "ra/model/checkpoint.h"
#include "ra/model/untrusted_bytes.h"

namespace ra {

// The memory behind one or more pickled tensors.
struct StorageReference {
  std::string_view key;
  at::ScalarType type;
  std::int64_t count;  // elements, >= 0

  // Bytes; kBadInput when they exceed 63 bits.
  std::int64_t byte_count() const;
};

// Gives the memory, of exactly byte_count() bytes, or throws.
using FindStorage = std::function<at::Storage(const StorageReference&)>;

// Reads one pickle, from the cursor to its STOP: the part of protocol 2 that torch.save uses for nested lists,
// tuples, dicts, plain values and tensors. Nothing is ever called: the few names in the table of globals stand for
// built-in rules, every other name is refused. kBadInput for anything else, for more than 2 million operations, for
// nesting beyond 64 levels and for tensors that reach outside their storage.
CheckpointValue read_pickle(ByteCursor& cursor, const FindStorage& find_storage);

}  // namespace ra
